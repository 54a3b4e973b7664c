"""Webhooks and their invariants."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import urlsplit

from domain.kernel.ids import OrganizationId, UserId, WebhookId, uuid7
from domain.kernel.names import name_of
from domain.webhooks.errors import EventTypesInvalid
from domain.webhooks.schemas import WebhookInfo

MOST_WEBHOOKS: Final = 50
MOST_TYPES: Final = 50
_PATTERN: Final = re.compile(r"\*|[a-z_]+\.\*|[a-z_]+\.[a-z_]+\.(?:\*|[a-z_]+)")


@dataclass(eq=False, kw_only=True)
class Webhook:
    """An endpoint that is told of an organization's events; of the platform's organization, of all there are."""

    aggregate: ClassVar[str] = "webhook"

    id: WebhookId = field(default_factory=lambda: WebhookId(uuid7()))
    organization_id: OrganizationId
    url: str
    description: str = ""
    event_types: list[str]
    is_enabled: bool = True
    disabled_because: str | None = None
    secret: bytes = field(repr=False)
    """Sealed, as the one of before."""
    previous_secret: bytes | None = field(default=None, repr=False)
    previous_until: datetime | None = None
    created_by: UserId
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @property
    def origin(self) -> str:
        """Where the address leads (RFC 6454, section 6.2), without the path and the query, which are often secrets."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def info(self) -> WebhookInfo:
        """What callers are shown."""
        return WebhookInfo(
            id=self.id,
            organization_id=self.organization_id,
            url=self.url,
            description=self.description,
            event_types=list(self.event_types),
            is_enabled=self.is_enabled,
            disabled_because=self.disabled_because,
            created_by=self.created_by,
            created_at=self.created_at,
            updated_at=self.updated_at,
            version=self.version,
        )


def description_of(text: str) -> str:
    """Return `text` as it is kept, or raise `NameInvalid`; it may be empty."""
    return name_of(text) if text.strip() else ""


def types_of(patterns: Sequence[str], known: Collection[str]) -> list[str]:
    """Return `patterns` sorted and once each, or raise `EventTypesInvalid`: each has to fit a `known` type."""
    chosen = sorted({*patterns})
    if not 0 < len(chosen) <= MOST_TYPES or not all(_fits_one(each, known) for each in chosen):
        raise EventTypesInvalid
    return chosen


def _fits_one(pattern: str, known: Collection[str]) -> bool:
    if not _PATTERN.fullmatch(pattern):
        return False
    if pattern.endswith("*"):
        return any(each.startswith(pattern[:-1]) for each in known)
    return pattern in known

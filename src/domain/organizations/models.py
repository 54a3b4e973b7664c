"""Configuration, and its invariants."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID

from domain.kernel.ids import OrganizationId, uuid7
from domain.organizations.documents import Document
from domain.organizations.errors import NamespaceInvalid

FRESH: Final = timedelta(minutes=10)
"""How old a body may be when it comes into force. One that is older may be gone by then: the clean-up takes orphans."""

_NAMESPACE: Final = re.compile(r"[a-z][a-z0-9_.-]{0,62}")


def namespace_of(text: str) -> str:
    """Return `text` if it may name a namespace, or raise `NamespaceInvalid`."""
    if not _NAMESPACE.fullmatch(text):
        raise NamespaceInvalid
    return text


@dataclass(frozen=True, slots=True)
class Body:
    """A document as it is stored: written once, never changed.

    `version` is the one that its writer hopes for. It identifies nothing: of several writers that hope for the same
    version one gets it, and the bodies of the others stay behind under ids that nothing refers to.
    """

    organization_id: OrganizationId
    namespace: str
    version: int
    document: Document
    written_at: datetime
    id: UUID = field(default_factory=uuid7)


@dataclass(eq=False, kw_only=True)
class ConfigurationHead:
    """Which body is in force in a namespace of an organization. Moving it is the change."""

    aggregate: ClassVar[str] = "configuration"

    organization_id: OrganizationId
    namespace: str
    body_id: UUID
    digest: bytes
    updated_at: datetime
    version: int = 0
    id: UUID = field(default_factory=uuid7)

    def move(self, body: Body) -> None:
        """Put `body` in force."""
        self.body_id = body.id
        self.digest = body.document.digest
        self.updated_at = body.written_at

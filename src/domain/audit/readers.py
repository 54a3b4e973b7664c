"""How the audit trail is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.audit.schemas import AuditEntry
from domain.kernel.ids import OrganizationId, UserId


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries to read; whatever is None does not matter."""

    actor: str | None = None
    target: str | None = None
    action: str | None = None
    """What the action begins with."""
    outcome: str | None = None
    since: datetime | None = None
    """The earliest moment."""
    until: datetime | None = None
    """The first moment that is too late."""
    organization_id: OrganizationId | None = None
    own: UserId | None = None
    """Whose own trail it is: what they did, and what was done to them."""


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """A place in the trail, the newest first."""

    occurred_at: datetime
    position: int


class AuditTrails(Protocol):
    """Read the audit trail; what was committed is there after a moment, when it has been numbered."""

    async def list(self, wanted: EntryFilter, after: EntryPlace | None, most: int) -> Sequence[AuditEntry]:
        """Return up to `most` entries behind the place `after`, the newest first; at one moment, the later position."""

    async def walk(self, after: int, most: int) -> Sequence[AuditEntry]:
        """Return up to `most` entries past the position `after`, by position."""

    async def oldest(self) -> int | None:
        """Return the position of the oldest entry that is still here; None if there is none."""

    async def newest(self) -> int:
        """Return the last position that an entry was given, whether it is still here or not; 0 if none was."""

"""What is told of the audit trail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.kernel.schemas import Length

Party = Annotated[str, Length(1, 200)]
"""`<type>:<id>`, as entries name who acted and on what: `user:<uuid>`; or a name without a type, like `anonymous`."""
Action = Annotated[str, Length(1, 200)]
"""The beginning of a name: `identity.user.` stands for everything that is done to people."""
Outcome = Annotated[str, Length(1, 200)]


@dataclass(frozen=True, slots=True)
class SeenAt:
    """Where a request came from."""

    address: str | None
    """An IP address."""
    client: str | None
    """The program, and its system, as it calls itself: `Firefox, Linux`."""


@dataclass(frozen=True, slots=True)
class ExportEnd:
    """The last line of an export; without it, the export was cut off."""

    complete: bool
    """Whether there was no more when it ended."""
    next: int
    """The position to go on after."""
    refusal: str | None = None
    """The code of what ended it, as when the reader was signed out meanwhile."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit trail."""

    position: int
    """Its place in the trail: 1, 2, 3 ... without a gap."""
    id: UUID
    action: str
    """What was done, or tried."""
    outcome: str
    """`done`, `failed`, or the code of the refusal."""
    actor: str
    """`<type>:<id>`; `anonymous` if nobody knows; or what runs the service."""
    target: str | None
    """What it was done to: `<type>:<id>`."""
    organization_id: UUID | None
    occurred_at: datetime
    where: SeenAt | None
    """Null if it is not known, or was erased with the person."""
    trace_id: str | None
    """Of the W3C trace, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """One line of the audit trail, as it is told to whom it is about."""

    id: UUID
    action: str
    """What was done, or tried."""
    outcome: str
    """`done`, `failed`, or the code of the refusal."""
    actor: str
    """`user:<id>` if it was the reader; for whom they are not told, `user` or another kind alone."""
    target: str | None
    """What it was done to: `<type>:<id>`."""
    organization_id: UUID | None
    occurred_at: datetime
    where: SeenAt | None
    """Null if it is not known, or was somebody else."""

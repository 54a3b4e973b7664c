"""Signing keys, and the ring that they make."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from domain.kernel.ids import uuid7
from domain.kernel.revocation import Marker, RevocationScope

FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Until when a removed key is refused: whoever stole it can sign for as long as they like."""
REMEMBERED: Final = timedelta(days=30)
"""How long a removed key stays in the list."""


class KeyState(StrEnum):
    """How far a key has come."""

    NEXT = "next"
    """Published, so that every verifier has it; signs nothing yet."""
    ACTIVE = "active"
    """Signs."""
    RETIRED = "retired"
    """Verifies what it signed until that has expired."""
    REMOVED = "removed"
    """Nothing it signed is accepted any more."""


@dataclass(eq=False, kw_only=True)
class SigningKey:
    """A key and what became of it."""

    aggregate: ClassVar[str] = "key"

    id: UUID = field(default_factory=uuid7)
    kid: str
    algorithm: str
    """For signatures (RFC 7518, RFC 8037)."""
    sealed: bytes | None = field(repr=False)
    """The JSON Web Key under the master secret: with its private members while it may sign. None when removed."""
    state: KeyState = KeyState.NEXT
    published_at: datetime
    activated_at: datetime | None = None
    retired_at: datetime | None = None
    removed_at: datetime | None = None
    expires_at: datetime | None = None
    """When it is forgotten."""
    version: int = 0

    def activate(self, at: datetime) -> None:
        """Let it sign."""
        self.state, self.activated_at = KeyState.ACTIVE, at

    def retire(self, at: datetime, until: datetime, sealed: bytes) -> None:
        """Have it verify until a moment, with the half in `sealed`."""
        self.state, self.retired_at, self.expires_at, self.sealed = KeyState.RETIRED, at, until, sealed

    def remove(self, at: datetime) -> Marker:
        """End it at once; return what verifiers must learn."""
        self.state, self.removed_at, self.expires_at, self.sealed = KeyState.REMOVED, at, at + REMEMBERED, None
        return Marker(RevocationScope.KEY, self.kid, expires_at=FOREVER, cutoff=FOREVER)


@dataclass(frozen=True, slots=True)
class HeldRing:
    """The ring as it was at `now`, by the clock of the store, so that processes whose clocks differ agree."""

    now: datetime
    keys: Sequence[SigningKey]

    def __iter__(self) -> Iterator[SigningKey]:
        return iter(self.keys)

    @property
    def active(self) -> SigningKey | None:
        """The key that signs."""
        return next((key for key in self.keys if key.state is KeyState.ACTIVE), None)

    @property
    def next(self) -> SigningKey | None:
        """The key that signs after it."""
        return next((key for key in self.keys if key.state is KeyState.NEXT), None)

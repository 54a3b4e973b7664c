"""Who can open what the audit trail says of people."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from core.secrets import Sealed


class PersonalSeal(Protocol):
    """Seal what is personal, so that it can be made unreadable without touching the entry."""

    def seal(self, person: UUID | None, plain: bytes, about: bytes) -> bytes:
        """Seal `plain` for `person`, None if nobody knows who it is; it opens with the same `about` only."""

    def open(self, person: UUID | None, sealed: bytes, about: bytes) -> bytes | None:
        """Return what was sealed, or None if it cannot be opened any more.

        Raise `ValueError` when it was altered or moved.
        """


@dataclass(frozen=True, slots=True)
class DeploymentSeal(PersonalSeal):
    """Seals with a key of the deployment; nobody's entries can be made unreadable apart from those of others."""

    sealed: Sealed

    def seal(self, person: UUID | None, plain: bytes, about: bytes) -> bytes:
        """See `PersonalSeal.seal`."""
        return self.sealed.seal(plain, _whose(person) + about)

    def open(self, person: UUID | None, sealed: bytes, about: bytes) -> bytes | None:
        """See `PersonalSeal.open`."""
        return self.sealed.open(sealed, _whose(person) + about)


def _whose(person: UUID | None) -> bytes:
    return person.bytes if person else bytes(16)

"""Who can open what the audit trail says of people."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from core.keys import Keys
from core.personal import PersonalKeys
from core.secrets import Sealed, seal


class PersonalSeal(Protocol):
    """Seal what is personal, so that it can be made unreadable without touching the entry."""

    def knowing(self, salts: Mapping[UUID, bytes]) -> "PersonalSeal":
        """Return the seal of those with these salts, and of nobody in particular."""

    def seal(self, person: UUID | None, plain: bytes, about: bytes) -> bytes | None:
        """Seal `plain` for `person`, None if nobody knows who it is; it opens with the same `about` only.

        Return None if nothing may be kept of the person, because they were erased.
        """

    def open(self, person: UUID | None, sealed: bytes, about: bytes) -> bytes | None:
        """Return what was sealed, or None if it cannot be opened any more.

        Raise `ValueError` when it was altered or moved.
        """


@dataclass(frozen=True, slots=True)
class DeploymentSeal(PersonalSeal):
    """Seals with a key of the deployment; nobody's entries can be made unreadable apart from those of others."""

    sealed: Sealed

    def knowing(self, salts: Mapping[UUID, bytes]) -> PersonalSeal:  # noqa: ARG002 - it has one key
        """See `PersonalSeal.knowing`."""
        return self

    def seal(self, person: UUID | None, plain: bytes, about: bytes) -> bytes:
        """See `PersonalSeal.seal`."""
        return self.sealed.seal(plain, _whose(person) + about)

    def open(self, person: UUID | None, sealed: bytes, about: bytes) -> bytes | None:
        """See `PersonalSeal.open`."""
        return self.sealed.open(sealed, _whose(person) + about)


@dataclass(frozen=True, slots=True)
class OwnSeal(PersonalSeal):
    """Seals with the key of whom it is about, which is destroyed when they are erased."""

    people: PersonalKeys
    others: PersonalSeal
    """For what nobody in particular did, and programs."""
    salts: Mapping[UUID, bytes] = field(default_factory=dict, repr=False)

    def knowing(self, salts: Mapping[UUID, bytes]) -> PersonalSeal:
        """See `PersonalSeal.knowing`."""
        return replace(self, salts=salts)

    def seal(self, person: UUID | None, plain: bytes, about: bytes) -> bytes | None:
        """See `PersonalSeal.seal`."""
        if person is None:
            return self.others.seal(person, plain, about)
        salt = self.salts.get(person)
        return self.people.seal(salt, plain, _whose(person) + about) if salt else None

    def open(self, person: UUID | None, sealed: bytes, about: bytes) -> bytes | None:
        """See `PersonalSeal.open`."""
        if person is None:
            return self.others.open(person, sealed, about)
        salt = self.salts.get(person)
        return self.people.open(salt, sealed, _whose(person) + about) if salt else None


def place_seal(keys: Keys) -> PersonalSeal:
    """Return what seals the places of the audit trail."""
    return OwnSeal(keys.people, DeploymentSeal(seal(keys.secrets, "places")))


def _whose(person: UUID | None) -> bytes:
    return person.bytes if person else bytes(16)

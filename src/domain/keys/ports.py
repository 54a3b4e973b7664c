"""What keys need of the world."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.keys.schemas import KeyDetails


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key that was just made or read."""

    kid: str
    algorithm: str
    sealed: bytes = field(repr=False)


class KeyForge(Protocol):
    """Make keys, and seal them so that who reads the store can neither sign with them nor slip in others."""

    async def make(self, algorithm: str) -> MadeKey:
        """Make a private key."""

    def inherited(self) -> Sequence[MadeKey]:
        """Return the keys that a new ring starts with, the one that signs first; often none."""

    def opens(self, kid: str, sealed: bytes) -> bool:
        """Return whether the master secret opens what was sealed."""

    def verifying(self, kid: str, sealed: bytes) -> bytes:
        """Return what is left of a key when it signs no more: its public half, sealed; of a shared secret all of it.

        Raise `KeyNotOpened` if the master secret does not open it.
        """


class KeyLists(Protocol):
    """The keys as people see them."""

    async def list(self) -> Sequence[KeyDetails]:
        """Return every key that has not expired, the newest first."""

"""The keys that this process signs and verifies with, and what others are told of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

import msgspec

from core.keyring import KeyRing, Keys
from domain.keys.models import KeyState
from domain.keys.ports import KeyLists
from domain.keys.schemas import KeyDetails
from gatewright_verifier.jwk import Key


@dataclass(frozen=True, slots=True)
class Published:
    """The public keys, as others may keep them."""

    keys: Sequence[Mapping[str, str]]
    etag: str
    max_age: int
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the ring does; `age` in seconds since the active key signs, None where nobody knows."""

    usable: bool
    trouble: str | None = None
    age: float | None = None


class Ring(Keys, Protocol):
    """The keys in force, what others are told of them, and how they do."""

    @property
    def condition(self) -> Condition: ...

    def published(self) -> Published:
        """Return what `/.well-known/jwks.json` shows, or raise `Unavailable` while there is nothing to show."""

    def missed(self) -> int:
        """Return how many times a key was asked for that is not here."""

    async def look_again(self) -> bool:
        """Look whether a key that is not here is there by now; return whether anybody looked."""


@dataclass(frozen=True, slots=True)
class StaticRing(Ring):
    """Keys that are managed elsewhere, and stay the same as long as the process."""

    ring: KeyRing
    max_age: int
    _published: Published = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_published", published(self.ring.public_set()["keys"], self.max_age))

    @property
    def signing(self) -> Key:
        """See `Keys.signing`."""
        return self.ring.signing

    @property
    def condition(self) -> Condition:
        """See `Ring.condition`."""
        return Condition(usable=True)

    def find(self, kid: str) -> Key | None:
        """See `Keys.find`."""
        return self.ring.find(kid)

    def published(self) -> Published:
        """See `Ring.published`."""
        return self._published

    def missed(self) -> int:
        """See `Ring.missed`: nobody counts, for looking again is of no use."""
        return 0

    async def look_again(self) -> bool:
        """See `Ring.look_again`."""
        return False


@dataclass(frozen=True, slots=True)
class FileKeyLists(KeyLists):
    """The keys of a file; nobody knows when they came."""

    ring: KeyRing

    async def list(self) -> Sequence[KeyDetails]:
        """See `KeyLists.list`."""
        return [
            KeyDetails(
                kid=key.kid,
                algorithm=key.algorithm,
                state=KeyState.ACTIVE if key is self.ring.signing else KeyState.RETIRED,
            )
            for key in self.ring.keys.values()
        ]


def published(keys: Sequence[Mapping[str, str]], max_age: int) -> Published:
    """Return public keys as they are shown, with a tag that changes when they do."""
    tag = sha256(msgspec.json.encode(keys)).hexdigest()[:32]
    return Published(keys, f'"{tag}"', max_age)

"""Refresh tokens: opaque, self-proving, and derived, so that nothing secret is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import HMAC, compare_digest
from struct import Struct
from typing import Final
from uuid import UUID

from gatewright_verifier import base64url

PREFIX: Final = "gwr_"
_LENGTH: Final = 82
_HEAD: Final = Struct(">16sHQ")


@dataclass(frozen=True, slots=True)
class Presented:
    """What a token that we made says: its family, the key it was made with, and which of the family it is."""

    family: UUID
    key_id: int
    generation: int


@dataclass(frozen=True, slots=True)
class RefreshTokens:
    """Make and read refresh tokens: an HMAC-SHA256 of (family, key id, generation), the same in every process."""

    keys: Mapping[int, bytes] = field(repr=False)
    """By key id; the first is the current one."""
    _primed: Mapping[int, HMAC] = field(init=False, repr=False)
    """With the key taken in, which is half the work of so short a text."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_primed", {key_id: HMAC(key, digestmod=sha256) for key_id, key in self.keys.items()})

    @property
    def current_key_id(self) -> int:
        """The key for new families."""
        return next(iter(self.keys))

    def derive(self, family: UUID, key_id: int, generation: int) -> str:
        """Return the family's token of `generation`; raise `KeyError` when the key is no longer known."""
        head = _HEAD.pack(family.bytes, key_id, generation)
        return PREFIX + base64url.encode(head + _proof(self._primed[key_id], head)).decode()

    def read(self, token: str) -> Presented | None:
        """Return what `token` says, None unless we made exactly this text. Asks nobody."""
        if len(token) != _LENGTH or not token.startswith(PREFIX):
            return None
        try:
            raw = base64url.decode(token.removeprefix(PREFIX).encode())
        except ValueError:
            return None
        head, proof = raw[: _HEAD.size], raw[_HEAD.size :]
        family, key_id, generation = _HEAD.unpack(head)
        primed = self._primed.get(key_id)
        if primed is None or not compare_digest(proof, _proof(primed, head)):
            return None
        return Presented(UUID(bytes=family), key_id, generation)


def _proof(primed: HMAC, head: bytes) -> bytes:
    mac = primed.copy()
    mac.update(head)
    return mac.digest()

"""Master secrets, and the keys that are made of them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SHORTEST: Final = 32
"""Bytes of a master secret."""
FEWEST: Final = 8
"""Different characters in a configured secret; 32 random hexadecimal digits have fewer once in 10 million."""
PLACEHOLDERS: Final = (
    "change-me", "change_me", "changeit", "changeme", "default", "development", "example", "gatewright", "insecure",
    "password", "placeholder", "replace-me", "replace_me", "replaceme", "secret",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secret everything is derived from, and those it replaced, newest first."""

    current: bytes = field(repr=False)
    previous: tuple[bytes, ...] = field(default=(), repr=False)
    retired: tuple[bytes, ...] = field(default=(), repr=False)
    """Replaced as well, because somebody else knows them: they open what was sealed and cannot be sealed anew."""

    def __post_init__(self) -> None:
        masters = (self.current, *self.previous, *self.retired)
        if any(len(master) < SHORTEST for master in masters):
            raise ValueError(f"a master secret has at least {SHORTEST} bytes")
        if len({_key_id(master) for master in masters}) < len(masters):
            raise ValueError("two master secrets have the same key id: leave one out, or make another")

    def derive(self, purpose: str) -> bytes:
        """Return the 32-byte key for `purpose`, made of the current secret."""
        return _derived(self.current, purpose)

    def every(self, purpose: str) -> Mapping[int, bytes]:
        """Return the keys for `purpose` by key id (0 to 65535), the current one first.

        For what must still be verified after the secret changed.
        """
        return {_key_id(master): _derived(master, purpose) for master in (self.current, *self.previous)}

    def opening(self, purpose: str) -> tuple[bytes, ...]:
        """Return the keys for `purpose`, the current one first, those of retired secrets last.

        For what is sealed, and proves nothing: whoever knows a retired secret could make more of it.
        """
        return (*self.every(purpose).values(), *(_derived(master, purpose) for master in self.retired))


@dataclass(frozen=True, slots=True)
class Sealed:
    """Seal bytes with AES-256-GCM, so that they can be neither read nor moved to another place unseen."""

    key: bytes = field(repr=False)
    previous: tuple[bytes, ...] = field(default=(), repr=False)
    """Keys that still open what was sealed before the key changed."""

    def __post_init__(self) -> None:
        if any(len(key) != _KEY for key in (self.key, *self.previous)):
            raise ValueError(f"a sealing key has {_KEY} bytes")

    def seal(self, plain: bytes, about: bytes) -> bytes:
        """Seal `plain` (29 bytes more), to be opened with the same `about` only: say where it is kept.

        Use one key for fewer than 2**32 seals.
        """
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + AESGCM(self.key).encrypt(nonce, plain, _VERSION + about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """Return what was sealed, or raise `ValueError` when it was altered, moved, or sealed with another key."""
        if sealed[:1] != _VERSION or len(sealed) < len(_VERSION) + _NONCE + _TAG:
            raise ValueError("not sealed by us")
        nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        for key in (self.key, *self.previous):
            try:
                return AESGCM(key).decrypt(nonce, rest, _VERSION + about)
            except InvalidTag:
                continue
        raise ValueError("altered, moved, or sealed with another key")

    def is_current(self, sealed: bytes, about: bytes) -> bool:
        """Return whether the current key sealed it, so that earlier ones are not needed for it."""
        try:
            Sealed(self.key).open(sealed, about)
        except ValueError:
            return False
        return True

    def renewed(self, sealed: bytes, about: bytes) -> bytes | None:
        """Seal again what an earlier key sealed; None if there is no need or nothing opens it."""
        if self.is_current(sealed, about):
            return None
        try:
            return self.seal(self.open(sealed, about), about)
        except ValueError:
            return None


def seal(secrets: Secrets, purpose: str = "sealed") -> Sealed:
    """Return what seals for `purpose`, without one answers and mails; what an earlier secret sealed is still opened."""
    current, *previous = secrets.every(purpose).values()
    return Sealed(current, tuple(previous))


def weak(text: str) -> str | None:
    """Say why `text` must not be a master secret, or return None."""
    if len(text.encode()) < SHORTEST:
        return f"it has fewer than {SHORTEST} bytes"
    if len(set(text)) < FEWEST:
        return f"it has fewer than {FEWEST} different characters"
    if text in (text + text)[1:-1]:
        return "it repeats itself"
    steps = [ord(after) - ord(before) for before, after in pairwise(text)]
    if sum(step in {-1, 0, 1} for step in steps) > len(steps) * 2 / 3:
        return "it is a run of neighbouring characters"
    rest = text.lower()
    for placeholder in PLACEHOLDERS:
        rest = rest.replace(placeholder, "")
    if len(rest) < len(text) and len(rest.encode()) < SHORTEST:
        return "it is a well-known placeholder"
    return None


_VERSION: Final = b"\x01"
_KEY, _NONCE, _TAG = 32, 12, 16


def _derived(master: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), _KEY, salt=None, info=b"gatewright " + purpose.encode()).derive(master)


def _key_id(master: bytes) -> int:
    return int.from_bytes(sha256(_derived(master, "key id")).digest()[:2], "big")

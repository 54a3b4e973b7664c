"""Tokens that are mailed: random, and stored as a keyed hash, so that nobody can use what the tables hold."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import digest
from typing import Final, Self

from core.secrets import Secrets
from domain.identity.models import Purpose
from domain.identity.ports import LinkTokens
from gatewright_verifier import base64url

PREFIXES: Final = {
    Purpose.RESET: "gwp_",
    Purpose.VERIFICATION: "gwv_",
    Purpose.SIGN_IN: "gwm_",
    Purpose.EMAIL_CHANGE: "gwc_",
}
"""What tells a token of one kind from those of every other, before anything is looked up."""
_RANDOM: Final = 32
_REST: Final = 43
_DIGITS: Final = 8
"""Of a code: NIST SP 800-63B-4, section 3.1.3.1, asks for six."""


@dataclass(frozen=True, slots=True)
class RandomTokens:
    """256 random bits in base64url behind a prefix, stored as their HMAC-SHA256."""

    prefix: str
    keys: Mapping[int, bytes] = field(repr=False)
    """By key id; the first hashes new tokens, all of them find old ones."""

    def make(self) -> tuple[str, bytes]:
        """Return a new token, and what is stored of it."""
        token = self.prefix + base64url.encode(os.urandom(_RANDOM)).decode()
        return token, self.hashes(token)[0]

    def hashes(self, token: str) -> Sequence[bytes]:
        """Return what may be stored of `token`; nothing if it is none of these."""
        if len(token) != len(self.prefix) + _REST or not token.startswith(self.prefix):
            return []
        said = token.encode("utf-8", "replace")
        return [digest(key, said, sha256) for key in self.keys.values()]


@dataclass(frozen=True, slots=True)
class RandomLinkTokens(LinkTokens):
    """Random tokens, each kind under keys of its own."""

    kinds: Mapping[Purpose, RandomTokens]
    code_keys: Mapping[int, bytes] = field(repr=False)

    @classmethod
    def of(cls, secrets: Secrets) -> Self:
        """Derive the keys from the master secrets."""
        kinds = {kind: RandomTokens(prefix, secrets.every(f"{kind} links")) for kind, prefix in PREFIXES.items()}
        return cls(kinds, secrets.every("sign-in codes"))

    def make(self, purpose: Purpose) -> tuple[str, bytes]:
        """See `LinkTokens.make`."""
        return self.kinds[purpose].make()

    def hashes(self, purpose: Purpose, token: str) -> Sequence[bytes]:
        """See `LinkTokens.hashes`."""
        return self.kinds[purpose].hashes(token)

    def codes(self, challenge: str) -> Sequence[str]:
        """See `LinkTokens.codes`."""
        said = challenge.encode("utf-8", "replace")
        found = [int.from_bytes(digest(key, said, sha256)[:8]) for key in self.code_keys.values()]
        return [f"{each % 10**_DIGITS:0{_DIGITS}}" for each in found]

"""Tokens of invitations: random, and stored as a keyed hash, so that the table invites nobody."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import digest
from typing import Final

from domain.organizations.ports import InvitationTokens
from gatewright_verifier import base64url

PREFIX: Final = "gwi_"
_RANDOM: Final = 32
_LENGTH: Final = len(PREFIX) + 43


@dataclass(frozen=True, slots=True)
class RandomInvitationTokens(InvitationTokens):
    """256 random bits in base64url, stored as their HMAC-SHA256."""

    keys: Mapping[int, bytes] = field(repr=False)
    """By key id; the first hashes new tokens, all of them find old ones."""

    def make(self) -> tuple[str, bytes]:
        """See `InvitationTokens.make`."""
        token = PREFIX + base64url.encode(os.urandom(_RANDOM)).decode()
        return token, self.hashes(token)[0]

    def hashes(self, token: str) -> Sequence[bytes]:
        """See `InvitationTokens.hashes`."""
        if len(token) != _LENGTH or not token.startswith(PREFIX):
            return []
        said = token.encode("utf-8", "replace")
        return [digest(key, said, sha256) for key in self.keys.values()]

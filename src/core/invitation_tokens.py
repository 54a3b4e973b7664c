"""Tokens of invitations: random, and stored as a keyed hash, so that the table invites nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.mailed_tokens import RandomTokens
from domain.organizations.ports import InvitationTokens

PREFIX: Final = "gwi_"


@dataclass(frozen=True, slots=True)
class RandomInvitationTokens(InvitationTokens):
    """See `RandomTokens`."""

    keys: Mapping[int, bytes] = field(repr=False)

    def make(self) -> tuple[str, bytes]:
        """See `InvitationTokens.make`."""
        return self._tokens.make()

    def hashes(self, token: str) -> Sequence[bytes]:
        """See `InvitationTokens.hashes`."""
        return self._tokens.hashes(token)

    @property
    def _tokens(self) -> RandomTokens:
        return RandomTokens(PREFIX, self.keys)

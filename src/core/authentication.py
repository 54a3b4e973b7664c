"""Name the actor behind a credential."""

from dataclasses import dataclass

from core.pipeline import Authenticator
from core.tokens import VerifiedTokens
from domain.kernel.access import Actor


@dataclass(frozen=True, slots=True)
class BearerTokens(Authenticator):
    """Our own access tokens, verified here without asking anyone.

    Raises `InvalidToken`; `Unavailable` when this process has not heard of revocations for longer than the bound.
    """

    tokens: VerifiedTokens

    async def identify(self, credential: bytes) -> Actor:
        return self.tokens.verify(credential).actor

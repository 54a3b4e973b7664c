"""Name the actor behind a credential."""

from dataclasses import dataclass

from core.pipeline import Authenticator
from core.ring import Ring
from core.tokens import VerifiedTokens
from domain.kernel.access import Actor
from domain.kernel.errors import InvalidToken


@dataclass(frozen=True, slots=True)
class BearerTokens(Authenticator):
    """Our own access tokens, verified here without asking anyone.

    Raises `InvalidToken`; `Unavailable` when this process has not heard of revocations for longer than the bound.
    """

    tokens: VerifiedTokens
    ring: Ring

    async def identify(self, credential: bytes) -> Actor:
        missed = self.ring.missed()
        try:
            return self.tokens.verify(credential).actor
        except InvalidToken:
            # Another process may have signed with a key that was made a moment ago, in an emergency.
            if self.ring.missed() == missed or not await self.ring.look_again():
                raise
        return self.tokens.verify(credential).actor

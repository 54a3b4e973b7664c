"""Name the actor behind a credential."""

from dataclasses import dataclass

from core.pipeline import Authenticator
from core.ring import Ring
from domain.kernel.access import Actor
from domain.kernel.errors import InvalidToken, Unavailable
from domain.kernel.ids import OrganizationId, SessionId, UserId
from gatewright_verifier import errors
from gatewright_verifier.claims import Claims
from gatewright_verifier.tokens import VerifiedTokens


@dataclass(frozen=True, slots=True)
class BearerTokens(Authenticator):
    """Our own access tokens, verified here without asking anyone.

    Raises `InvalidToken`; `Unavailable` when this process has not heard of revocations for longer than the bound.
    """

    tokens: VerifiedTokens[Actor]
    ring: Ring

    async def identify(self, credential: bytes) -> Actor:
        missed = self.ring.missed()
        try:
            return self._verified(credential)
        except InvalidToken:
            # Another process may have signed with a key that was made a moment ago, in an emergency.
            if self.ring.missed() == missed or not await self.ring.look_again():
                raise
        return self._verified(credential)

    def _verified(self, credential: bytes) -> Actor:
        try:
            return self.tokens.verify(credential).who
        except errors.InvalidToken as error:
            raise InvalidToken from error
        except errors.Unavailable as error:
            raise Unavailable from error


def actor(claims: Claims) -> Actor:
    """Return who it is that claims say."""
    organization = OrganizationId(claims.org) if claims.org else None
    return Actor(UserId(claims.sub), SessionId(claims.sid), organization, claims.ep, claims.auth_time)

"""Name the actor behind a credential."""

from dataclasses import dataclass

from core.pipeline import Authenticator
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

    async def identify(self, credential: bytes) -> Actor:
        try:
            return self.tokens.verify(credential).who
        except errors.InvalidToken as error:
            raise InvalidToken from error
        except errors.Unavailable as error:
            raise Unavailable from error


def actor(claims: Claims) -> Actor:
    """Return who it is that claims say."""
    organization = OrganizationId(claims.org) if claims.org else None
    return Actor(UserId(claims.sub), SessionId(claims.sid), organization, claims.ep)

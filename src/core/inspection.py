"""Judge single tokens by the truth, not by what this process has heard."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from domain.kernel.ids import OrganizationId, SessionId, UserId
from domain.sessions.ports import TokenInspection
from domain.sessions.schemas import ActiveToken
from gatewright_verifier.claims import Claims
from gatewright_verifier.errors import InvalidToken
from gatewright_verifier.revocations import Revocations, Verdict, WireMarker
from gatewright_verifier.tokens import Verifier


@dataclass(frozen=True, slots=True)
class InspectedTokens(TokenInspection):
    """Our own access tokens, and the markers that concern them."""

    verifier: Verifier[Claims]
    revocations: Revocations
    about: Callable[[Iterable[str]], Awaitable[Sequence[WireMarker]]]

    async def inspect(self, token: str) -> ActiveToken | None:
        """See `TokenInspection.inspect`."""
        try:
            found = self.verifier.verify(token.encode("utf-8", "replace"))
        except InvalidToken:
            return None
        # What is found here counts everywhere in this process from now on.
        self.revocations.learn(await self.about(found.subjects))
        if self.revocations.judge(found.subjects, found.issued, found.epoch) is Verdict.REVOKED:
            return None
        return active(found.who)


def active(claims: Claims) -> ActiveToken:
    """Return what the claims of a good token say."""
    return ActiveToken(
        issuer=claims.iss,
        audience=[claims.aud] if isinstance(claims.aud, str) else claims.aud,
        user_id=UserId(claims.sub),
        session_id=SessionId(claims.sid),
        organization_id=OrganizationId(claims.org) if claims.org else None,
        client_id=claims.client_id,
        token_id=claims.jti,
        issued_at=claims.iat,
        expires_at=claims.exp,
    )

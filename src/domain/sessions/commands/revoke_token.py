"""Revoke a token that was issued here."""

from typing import Annotated, Final

from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import ConcurrentChange, TooManyRequests
from domain.kernel.ids import SessionId
from domain.kernel.ports import Limits
from domain.kernel.schemas import Length
from domain.kernel.usecases import Command, interactor, message, secret
from domain.sessions.ending import Ending
from domain.sessions.errors import SessionNotFound
from domain.sessions.events import AccessTokenRevoked, SessionRevoked
from domain.sessions.models import Reason
from domain.sessions.policies import TokenPolicy
from domain.sessions.ports import PresentedTokens
from domain.sessions.repositories import Sessions

ONE_BY_ONE: Final = 20
"""How many access tokens of a session are revoked for themselves within an hour. Every verifier remembers each."""


@message
class RevokeToken(Command[None]):
    """Revoke a token (RFC 7009): a refresh token ends its session, an access token only itself.

    Whoever holds a token may revoke it. What is not, or no longer, a token of ours is revoked already. Of a session
    with many revoked access tokens, the next one ends the session: all its tokens are revoked then.
    """

    token: Annotated[str, Length(1, 8192)] = secret()


# Quiet, as anyone can send any text; what was revoked is announced.
@interactor(
    access=ANYONE,
    raises=(ConcurrentChange, TooManyRequests),
    emits=(AccessTokenRevoked, SessionRevoked),
    audit="sessions.token.revoke",
    quiet=True,
)
class RevokeTokenInteractor:
    tokens: PresentedTokens
    sessions: Sessions
    ending: Ending
    limits: Limits
    policy: TokenPolicy

    async def __call__(self, request: RevokeToken, origin: Origin) -> None:
        # What is made up is counted by where it came from: it must not take what is there for the tokens of others.
        whose = self.tokens.whose(request.token)
        counted = origin.site if whose is None else str(whose)
        await self.limits.hit("revoke", counted, self.policy.revocations_per_minute, 60)
        found = await self.tokens.read(request.token)
        if found is None:
            return
        try:
            session = await self.sessions.live(found.session_id)
        except SessionNotFound:
            return
        if found.access is None or await self._too_many(session.id):
            await self.ending.end(session, Reason.REVOKED)
        else:
            self.ending.revoke(found.access, session)

    async def _too_many(self, session_id: SessionId) -> bool:
        try:
            await self.limits.hit("revoked_tokens", str(session_id), ONE_BY_ONE, 3600)
        except TooManyRequests:
            # A share of the limit refuses too soon. That may cost a caller a wait, and nobody their session.
            return not self.limits.degraded
        return False

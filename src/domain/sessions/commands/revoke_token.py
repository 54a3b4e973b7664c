"""Revoke a token that was issued here."""

from typing import Annotated

from domain.kernel.access import ANYONE
from domain.kernel.errors import ConcurrentChange
from domain.kernel.schemas import Length
from domain.kernel.usecases import Command, interactor, message, secret
from domain.sessions.ending import Ending
from domain.sessions.errors import SessionNotFound
from domain.sessions.events import AccessTokenRevoked, SessionRevoked
from domain.sessions.models import Reason
from domain.sessions.ports import PresentedTokens
from domain.sessions.repositories import Sessions


@message
class RevokeToken(Command[None]):
    """Revoke a token (RFC 7009): a refresh token ends its session, an access token only itself.

    Whoever holds a token may revoke it. What is not, or no longer, a token of ours is revoked already.
    """

    token: Annotated[str, Length(1, 8192)] = secret()


# Quiet, as anyone can send any text; what was revoked is announced.
@interactor(
    access=ANYONE,
    raises=(ConcurrentChange,),
    emits=(AccessTokenRevoked, SessionRevoked),
    audit="sessions.token.revoke",
    quiet=True,
)
class RevokeTokenInteractor:
    tokens: PresentedTokens
    sessions: Sessions
    ending: Ending

    async def __call__(self, request: RevokeToken) -> None:
        found = await self.tokens.read(request.token)
        if found is None:
            return
        try:
            session = await self.sessions.live(found.session_id)
        except SessionNotFound:
            return
        if found.access is None:
            await self.ending.end(session, Reason.REVOKED)
        else:
            self.ending.revoke(found.access, session)

"""Refresh the tokens of a session."""

from typing import Annotated, NoReturn

from domain.kernel.access import ANYONE
from domain.kernel.ports import Clock
from domain.kernel.schemas import Length
from domain.kernel.usecases import Command, interactor, message, secret
from domain.sessions.ending import Ending
from domain.sessions.errors import RefreshRefused, RefreshTokenReused, SessionNotFound
from domain.sessions.events import SessionRevoked
from domain.sessions.models import Reason
from domain.sessions.ports import AccessTokens, RefreshFamilies, Reuse
from domain.sessions.repositories import Sessions
from domain.sessions.schemas import Tokens


@message
class RefreshSession(Command[Tokens]):
    """Exchange a refresh token for new tokens; each is good once, and a copy that comes later ends the session."""

    refresh_token: Annotated[str, Length(1, 512)] = secret()


@interactor(
    access=ANYONE,
    raises=(RefreshRefused,),
    emits=(SessionRevoked,),
    audit="sessions.session.refresh",
    quiet=True,
)
class RefreshSessionInteractor:
    families: RefreshFamilies
    sessions: Sessions
    ending: Ending
    tokens: AccessTokens
    clock: Clock

    async def __call__(self, request: RefreshSession) -> Tokens:
        found = await self.families.rotate(request.refresh_token)
        if isinstance(found, Reuse):
            await self._end(found)
        access_token, seconds = self.tokens.issue(
            found.user_id,
            found.session_id,
            found.organization_id,
            found.epoch,
            factors=found.factors,
            authenticated_at=found.authenticated_at,
        )
        left = int((found.expires_at - self.clock.now()).total_seconds())
        return Tokens(access_token, found.refresh_token, seconds, left, found.session_id)

    async def _end(self, found: Reuse) -> NoReturn:
        try:
            session = await self.sessions.live(found.session_id)
        except SessionNotFound:
            raise RefreshRefused from None
        await self.ending.end(session, Reason.REUSE)
        raise RefreshTokenReused

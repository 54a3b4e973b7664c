"""Refresh the tokens of a session."""

from dataclasses import dataclass
from typing import Annotated

from domain.kernel.access import ANYONE, Origin
from domain.kernel.ports import Clock
from domain.kernel.schemas import Length
from domain.kernel.usecases import Command, interactor, message, secret
from domain.sessions.ending import Ending
from domain.sessions.errors import RefreshRefused, RefreshTokenReused, SessionNotFound
from domain.sessions.events import SessionRevoked
from domain.sessions.models import Lifetimes, Reason
from domain.sessions.ports import AccessTokens, RefreshFamilies, Reuse
from domain.sessions.repositories import Sessions
from domain.sessions.schemas import Tokens


@message
class RefreshSession(Command[Tokens]):
    """Exchange a refresh token for new tokens; each is good once, and a copy that comes later ends the session."""

    refresh_token: Annotated[str, Length(1, 512)] = secret()


@dataclass(frozen=True, slots=True)
class EndReused:
    """End the session of which somebody has a copy of a spent token."""

    sessions: Sessions
    ending: Ending

    async def __call__(self, refusal: RefreshTokenReused) -> None:
        """End it; if it has ended, that was noted already."""
        try:
            session = await self.sessions.live(refusal.session_id)
        except SessionNotFound:
            raise RefreshRefused from None
        await self.ending.end(session, Reason.REUSE)


@interactor(
    access=ANYONE,
    raises=(RefreshRefused,),
    emits=(SessionRevoked,),
    audit="sessions.session.refresh",
    quiet=True,
    direct=True,
    aftermath={RefreshTokenReused: EndReused},
)
class RefreshSessionInteractor:
    families: RefreshFamilies
    tokens: AccessTokens
    lifetimes: Lifetimes
    clock: Clock

    async def __call__(self, request: RefreshSession, origin: Origin) -> Tokens:
        found = await self.families.rotate(request.refresh_token, origin.address)
        if isinstance(found, Reuse):
            raise RefreshTokenReused(found.session_id)
        access_token, seconds = self.tokens.issue(
            found.user_id,
            found.session_id,
            found.organization_id,
            found.epoch,
            factors=found.factors,
            authenticated_at=found.authenticated_at,
        )
        left = self.lifetimes.left(found.expires_at, self.clock.now())
        return Tokens(access_token, found.refresh_token, seconds, left, found.session_id)

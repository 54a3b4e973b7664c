"""Refresh the tokens of a session."""

from dataclasses import dataclass
from typing import Annotated

from domain.identity.facade import Accounts
from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import TooManyRequests
from domain.kernel.mails import SessionEndedMail
from domain.kernel.ports import Clock, Limits, Mailer
from domain.kernel.schemas import Length
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Command, interactor, message, secret
from domain.sessions.devices import named, written
from domain.sessions.ending import Ending
from domain.sessions.errors import RefreshRefused, RefreshTokenReused, SessionNotFound
from domain.sessions.events import SessionRevoked
from domain.sessions.models import Lifetimes, Reason
from domain.sessions.policies import TokenPolicy
from domain.sessions.ports import AccessTokens, RefreshFamilies, Reuse
from domain.sessions.repositories import Sessions


@message
class RefreshSession(Command[Tokens]):
    """Exchange a refresh token for new tokens; each is good once, and a copy that comes later ends the session."""

    refresh_token: Annotated[str, Length(1, 512)] = secret()


@dataclass(frozen=True, slots=True)
class EndReused:
    """End the session of which somebody has a copy of a spent token."""

    sessions: Sessions
    ending: Ending
    accounts: Accounts
    mailer: Mailer
    clock: Clock

    async def __call__(self, refusal: RefreshTokenReused) -> None:
        """End it and tell its owner; if it has ended, that was done already."""
        try:
            session = await self.sessions.live(refusal.session_id)
        except SessionNotFound:
            raise RefreshRefused from None
        await self.ending.end(session, Reason.REUSE)
        person = await self.accounts.get(session.user_id)
        at, device = written(self.clock.now()), named(session.user_agent)
        self.mailer.send(person.email, SessionEndedMail(at=at, device=device, address=session.address or "unknown"))


@interactor(
    access=ANYONE,
    raises=(RefreshRefused, TooManyRequests),
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
    limits: Limits
    policy: TokenPolicy
    clock: Clock

    async def __call__(self, request: RefreshSession, origin: Origin) -> Tokens:
        # What is made up is counted by where it came from: it must not take what is there for the tokens of others.
        family = self.families.whose(request.refresh_token)
        counted = origin.site if family is None else str(family)
        await self.limits.hit("refresh", counted, self.policy.refreshes_per_minute, 60)
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
            until=found.expires_at,
        )
        left = self.lifetimes.left(found.expires_at, self.clock.now())
        return Tokens(access_token, found.refresh_token, seconds, left, found.session_id)

"""Start sessions."""

from dataclasses import dataclass

from domain.identity.facade import Identified, SessionRenewal
from domain.kernel.access import Origin
from domain.kernel.events import Events
from domain.kernel.ids import UserId
from domain.kernel.ports import Clock
from domain.kernel.tokens import Tokens
from domain.sessions.events import SessionStarted
from domain.sessions.greeting import Greeting
from domain.sessions.models import Factor, Lifetimes, Session
from domain.sessions.ports import AccessTokens
from domain.sessions.repositories import Sessions


@dataclass(frozen=True, slots=True)
class Opening:
    """Start a session for a person who has proved who they are, and hand out its tokens."""

    sessions: Sessions
    tokens: AccessTokens
    lifetimes: Lifetimes
    events: Events
    greeting: Greeting
    clock: Clock

    async def open(self, person: Identified, factor: Factor, origin: Origin) -> Tokens:
        """Return the tokens of a new session, or raise `SignInOvertaken` if the person may not sign in any more."""
        await self.greeting.greet(person, origin)
        return await self.begin(person.user_id, person.epoch, factor, origin, person.device_token)

    async def begin(
        self, user_id: UserId, epoch: int, factor: Factor, origin: Origin, device_token: str | None = None
    ) -> Tokens:
        """Do so on a device that needs no greeting."""
        now = self.clock.now()
        session = Session(
            user_id=user_id,
            user_agent=origin.user_agent,
            address=origin.address,
            factors=[factor.value],
            created_at=now,
            expires_at=now + self.lifetimes.refresh,
        )
        self.events.emit(
            SessionStarted(
                session_id=session.id,
                user_id=session.user_id,
                factors=session.factors,
                expires_at=session.expires_at,
                occurred_at=now,
            ),
            of=session,
        )
        refresh_token = await self.sessions.start(session, epoch)
        access_token, seconds = self.tokens.issue(
            session.user_id,
            session.id,
            None,
            epoch,
            factors=session.factors,
            authenticated_at=now,
            until=session.expires_at,
        )
        left = self.lifetimes.left(session.expires_at, now)
        return Tokens(access_token, refresh_token, seconds, left, session.id, device_token=device_token)


@dataclass(frozen=True, slots=True)
class Renewal(SessionRenewal):
    """Start a session in the place of those that a change of password has ended."""

    opening: Opening

    async def renew(self, user_id: UserId, epoch: int, origin: Origin, device_token: str) -> Tokens:
        """See `SessionRenewal.renew`."""
        return await self.opening.begin(user_id, epoch, Factor.PASSWORD, origin, device_token)

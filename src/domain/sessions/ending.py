"""End sessions and tokens before their time."""

from dataclasses import dataclass

from domain.kernel.events import Events
from domain.kernel.ports import Clock
from domain.sessions.events import AccessTokenRevoked, SessionRevoked
from domain.sessions.models import Lifetimes, Reason, Session, revoked
from domain.sessions.ports import AccessTokenId
from domain.sessions.repositories import Sessions


@dataclass(frozen=True, slots=True)
class Ending:
    """End a session or a token, announce it, and tell everybody who verifies tokens."""

    sessions: Sessions
    lifetimes: Lifetimes
    events: Events
    clock: Clock

    async def end(self, session: Session, reason: Reason) -> None:
        """End `session`."""
        now = self.clock.now()
        marker = session.end(now, self.lifetimes.access)
        fact = SessionRevoked(session_id=session.id, user_id=session.user_id, reason=reason.value, occurred_at=now)
        self.events.emit(fact, of=session, revokes=[marker])
        await self.sessions.end(session)

    def revoke(self, token: AccessTokenId, of: Session) -> None:
        """Revoke one access token of a session that goes on."""
        now = self.clock.now()
        fact = AccessTokenRevoked(session_id=of.id, user_id=of.user_id, token_id=token.token_id, occurred_at=now)
        self.events.emit(fact, of=of, revokes=[revoked(token.token_id, token.expires_at)])

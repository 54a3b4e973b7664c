"""End sessions before their time."""

from dataclasses import dataclass

from domain.kernel.events import Events
from domain.kernel.ports import Clock
from domain.sessions.events import SessionRevoked
from domain.sessions.models import Lifetimes, Reason, Session
from domain.sessions.repositories import Sessions


@dataclass(frozen=True, slots=True)
class Ending:
    """End a session, announce it, and tell everybody who verifies tokens."""

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

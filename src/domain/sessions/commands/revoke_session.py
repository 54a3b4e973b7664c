"""End one of one's own sessions."""

from domain.kernel.access import SIGNED_IN, Actor, recently
from domain.kernel.errors import ConcurrentChange
from domain.kernel.ids import SessionId
from domain.kernel.usecases import Command, interactor, message
from domain.sessions.ending import Ending
from domain.sessions.errors import SessionNotFound
from domain.sessions.events import SessionRevoked
from domain.sessions.models import Reason
from domain.sessions.repositories import Sessions


@message
class RevokeSession(Command[None]):
    """End one of the caller's sessions."""

    session_id: SessionId


@interactor(
    access=recently(SIGNED_IN),
    raises=(SessionNotFound, ConcurrentChange),
    emits=(SessionRevoked,),
    audit="sessions.session.revoke",
)
class RevokeSessionInteractor:
    sessions: Sessions
    ending: Ending

    async def __call__(self, request: RevokeSession, actor: Actor) -> None:
        session = await self.sessions.live(request.session_id)
        if session.user_id != actor.user_id:
            raise SessionNotFound
        await self.ending.end(session, Reason.REVOKED)

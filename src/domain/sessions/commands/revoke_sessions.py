"""End one's own sessions."""

from domain.kernel.access import SIGNED_IN, Actor, recently
from domain.kernel.errors import ConcurrentChange
from domain.kernel.usecases import Command, interactor, message
from domain.sessions.ending import Ending
from domain.sessions.events import SessionRevoked
from domain.sessions.models import Reason
from domain.sessions.repositories import Sessions


@message
class RevokeSessions(Command[None]):
    """End all of the caller's sessions but the one that asks; with `all` that one too."""

    all: bool = False


@interactor(
    access=recently(SIGNED_IN),
    raises=(ConcurrentChange,),
    emits=(SessionRevoked,),
    audit="sessions.session.revoke_many",
)
class RevokeSessionsInteractor:
    sessions: Sessions
    ending: Ending

    async def __call__(self, request: RevokeSessions, actor: Actor) -> None:
        spared = None if request.all else actor.session_id
        for session in await self.sessions.of(actor.user_id, but=spared):
            await self.ending.end(session, Reason.REVOKED)

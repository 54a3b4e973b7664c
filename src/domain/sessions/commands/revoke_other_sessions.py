"""End all of one's other sessions."""

from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.errors import ConcurrentChange
from domain.kernel.usecases import Command, interactor, message
from domain.sessions.ending import Ending
from domain.sessions.events import SessionRevoked
from domain.sessions.models import Reason
from domain.sessions.repositories import Sessions


@message
class RevokeOtherSessions(Command[None]):
    """End all of the caller's sessions but the one that asks."""


@interactor(
    access=SIGNED_IN, raises=(ConcurrentChange,), emits=(SessionRevoked,), audit="sessions.session.revoke_others"
)
class RevokeOtherSessionsInteractor:
    sessions: Sessions
    ending: Ending

    async def __call__(self, _: RevokeOtherSessions, actor: Actor) -> None:
        for session in await self.sessions.others(actor.user_id, actor.session_id):
            await self.ending.end(session, Reason.REVOKED)

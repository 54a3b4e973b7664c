"""Sign out."""

from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.errors import ConcurrentChange
from domain.kernel.usecases import Command, interactor, message
from domain.sessions.ending import Ending
from domain.sessions.errors import SessionNotFound
from domain.sessions.events import SessionRevoked
from domain.sessions.models import Reason
from domain.sessions.repositories import Sessions


@message
class SignOut(Command[None]):
    """End the session that asks."""


@interactor(
    access=SIGNED_IN,
    raises=(SessionNotFound, ConcurrentChange),
    emits=(SessionRevoked,),
    audit="sessions.session.sign_out",
)
class SignOutInteractor:
    sessions: Sessions
    ending: Ending

    async def __call__(self, _: SignOut, actor: Actor) -> None:
        await self.ending.end(await self.sessions.live(actor.session_id), Reason.SIGN_OUT)

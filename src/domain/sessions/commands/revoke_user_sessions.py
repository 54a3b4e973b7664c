"""End all sessions of somebody."""

from domain.identity.facade import Accounts, UserNotFound
from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange
from domain.kernel.ids import UserId
from domain.kernel.usecases import Command, interactor, message
from domain.sessions.ending import Ending
from domain.sessions.events import SessionRevoked
from domain.sessions.models import Reason
from domain.sessions.repositories import Sessions


@message
class RevokeUserSessions(Command[None]):
    """End all of a person's sessions, who may sign in again; deactivate them to prevent that."""

    user_id: UserId


@interactor(
    access=needs(Permission.USERS_WRITE),
    raises=(UserNotFound, ConcurrentChange),
    emits=(SessionRevoked,),
    audit="sessions.session.revoke_of_user",
)
class RevokeUserSessionsInteractor:
    accounts: Accounts
    sessions: Sessions
    ending: Ending

    async def __call__(self, request: RevokeUserSessions) -> None:
        # It keeps sign-ins out until the command ends, so that none is overlooked.
        person = await self.accounts.get(request.user_id)
        for session in await self.sessions.of(person.user_id):
            await self.ending.end(session, Reason.ADMINISTRATOR)

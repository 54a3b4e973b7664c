"""Erase a person."""

from domain.access.facade import LastOwner
from domain.identity.erasures.erasing import Erasing
from domain.identity.errors import LastSuperuser, UserNotFound
from domain.identity.events import UserErased
from domain.identity.repositories import Users
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import ConcurrentChange, PreconditionFailed
from domain.kernel.ids import UserId
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class DeleteUser(Command[None]):
    """Erase a person: their account, credentials, sessions, memberships and grants, and all that is known about them.

    Whoever is the last active owner of an organization is kept: name another owner there, or delete it, first. They can
    be deactivated meanwhile.
    """

    user_id: UserId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.USERS_WRITE),
    raises=(UserNotFound, LastSuperuser, LastOwner, PreconditionFailed, ConcurrentChange),
    emits=(UserErased,),
    entails=("organizations.invitation.withdrawn",),
    audit="identity.user.delete",
    simulated=True,
)
class DeleteUserInteractor:
    users: Users
    erasing: Erasing

    async def __call__(self, request: DeleteUser, actor: Actor) -> None:
        user = await self.users.get(request.user_id)
        if request.expected_version not in (None, user.version):
            raise PreconditionFailed
        await self.erasing.erase(user, actor)

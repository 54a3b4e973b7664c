"""Erase oneself."""

from domain.access.facade import LastOwner
from domain.identity.erasures.erasing import Erasing
from domain.identity.errors import LastSuperuser, UserNotFound
from domain.identity.events import UserErased
from domain.identity.repositories import Users
from domain.kernel.access import SIGNED_IN, Actor, recently
from domain.kernel.errors import ConcurrentChange, ReauthenticationRequired
from domain.kernel.usecases import Command, interactor, message


@message
class DeleteMe(Command[None]):
    """Erase the signed-in person: their account, and all that is known about them. It cannot be undone.

    The last active owner of an organization names another owner there, or deletes it, first.
    """


@interactor(
    access=recently(SIGNED_IN),
    raises=(UserNotFound, LastSuperuser, LastOwner, ConcurrentChange, ReauthenticationRequired),
    emits=(UserErased,),
    entails=("organizations.invitation.withdrawn",),
    audit="identity.user.delete_own",
)
class DeleteMeInteractor:
    users: Users
    erasing: Erasing

    async def __call__(self, _: DeleteMe, actor: Actor) -> None:
        await self.erasing.erase(await self.users.get(actor.user_id), actor)

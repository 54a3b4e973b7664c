"""Let a person sign in again."""

from domain.identity.errors import UserNotFound
from domain.identity.events import UserReactivated
from domain.identity.repositories import Users
from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import UserId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class ReactivateUser(Command[None]):
    """Let a person who was deactivated sign in again; repeated, it changes nothing."""

    user_id: UserId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.USERS_WRITE),
    raises=(UserNotFound, PreconditionFailed, ConcurrentChange),
    emits=(UserReactivated,),
    audit="identity.user.reactivate",
    simulated=True,
)
class ReactivateUserInteractor:
    users: Users
    events: Events
    clock: Clock

    async def __call__(self, request: ReactivateUser) -> None:
        user = await self.users.get(request.user_id)
        if request.expected_version not in (None, user.version):
            raise PreconditionFailed
        if user.is_active:
            return
        user.is_active = True
        user.updated_at = self.clock.now()
        self.events.emit(UserReactivated(user_id=user.id, occurred_at=user.updated_at), of=user)

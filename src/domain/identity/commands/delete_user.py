"""Delete a person's account."""

from domain.identity.errors import LastSuperuser, UserNotFound
from domain.identity.events import UserDeleted
from domain.identity.ports import SessionEnding, Superusers
from domain.identity.repositories import Users
from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import UserId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class DeleteUser(Command[None]):
    """Delete a person's account, with their credentials, sessions and grants."""

    user_id: UserId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.USERS_WRITE),
    raises=(UserNotFound, LastSuperuser, PreconditionFailed, ConcurrentChange),
    emits=(UserDeleted,),
    audit="identity.user.delete",
    simulated=True,
)
class DeleteUserInteractor:
    users: Users
    superusers: Superusers
    sessions: SessionEnding
    events: Events
    clock: Clock

    async def __call__(self, request: DeleteUser) -> None:
        user = await self.users.get(request.user_id)
        if request.expected_version not in (None, user.version):
            raise PreconditionFailed
        await self.superusers.spare(user.id)
        now = self.clock.now()
        ended = await self.sessions.end_all(user.id, user.epoch + 1, now)
        await self.users.remove(user)
        self.events.emit(UserDeleted(user_id=user.id, occurred_at=now), of=user, revokes=ended)

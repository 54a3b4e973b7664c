"""Stop a person from signing in."""

from domain.identity.errors import LastSuperuser, UserNotFound
from domain.identity.events import UserDeactivated
from domain.identity.ports import SessionEnding, Superusers
from domain.identity.repositories import Users
from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import UserId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class DeactivateUser(Command[None]):
    """Stop a person from signing in and end all their sessions; repeated, it changes nothing."""

    user_id: UserId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.USERS_WRITE),
    raises=(UserNotFound, LastSuperuser, PreconditionFailed, ConcurrentChange),
    emits=(UserDeactivated,),
    audit="identity.user.deactivate",
    simulated=True,
)
class DeactivateUserInteractor:
    users: Users
    superusers: Superusers
    sessions: SessionEnding
    events: Events
    clock: Clock

    async def __call__(self, request: DeactivateUser) -> None:
        user = await self.users.get(request.user_id)
        if request.expected_version not in (None, user.version):
            raise PreconditionFailed
        if not user.is_active:
            return
        await self.superusers.spare(user.id)
        now = self.clock.now()
        user.is_active = False
        user.epoch += 1
        user.updated_at = now
        await self.users.keep(user)
        ended = await self.sessions.end_all(user.id, user.epoch, now)
        self.events.emit(UserDeactivated(user_id=user.id, occurred_at=now), of=user, revokes=ended)

"""Let somebody sign in again whose account is closed because of wrong passwords."""

from domain.identity.errors import UserNotFound
from domain.identity.ports import Failures
from domain.identity.repositories import Users
from domain.kernel.access import Permission, needs
from domain.kernel.ids import UserId
from domain.kernel.usecases import Command, interactor, message


@message
class UnlockUser(Command[None]):
    """Forget the failed sign-ins of a person, which close an account for a while; repeated, it changes nothing."""

    user_id: UserId


@interactor(access=needs(Permission.USERS_WRITE), raises=(UserNotFound,), audit="identity.user.unlock")
class UnlockUserInteractor:
    users: Users
    failures: Failures

    async def __call__(self, request: UnlockUser) -> None:
        user = await self.users.get(request.user_id)
        await self.failures.clear(user.id)

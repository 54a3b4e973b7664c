"""Get a person."""

from domain.identity.errors import UserNotFound
from domain.identity.readers import Profiles
from domain.identity.schemas import UserProfile
from domain.kernel.access import Permission, needs
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import UserId
from domain.kernel.usecases import Query, interactor, message


@message
class GetUser(Query[UserProfile]):
    """Show a person to an administrator."""

    user_id: UserId


@interactor(access=needs(Permission.USERS_READ), raises=(UserNotFound,))
class GetUserInteractor:
    profiles: Profiles

    async def __call__(self, request: GetUser, seen: ConsistencyToken | None) -> UserProfile:
        if profile := await self.profiles.find(request.user_id, seen):
            return profile
        raise UserNotFound

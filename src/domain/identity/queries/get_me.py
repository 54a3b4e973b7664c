"""Get the signed-in person."""

from domain.identity.errors import UserNotFound
from domain.identity.readers import Profiles
from domain.identity.schemas import UserProfile
from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.usecases import Query, interactor, message


@message
class GetMe(Query[UserProfile]):
    """Show the signed-in person."""


@interactor(access=SIGNED_IN, raises=(UserNotFound,))
class GetMeInteractor:
    profiles: Profiles

    async def __call__(self, _: GetMe, actor: Actor, seen: ConsistencyToken | None) -> UserProfile:
        if profile := await self.profiles.find(actor.user_id, seen):
            return profile
        raise UserNotFound

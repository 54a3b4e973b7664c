"""Change one's own profile."""

from domain.identity.errors import FullNameInvalid, UsernameInvalid, UsernameTaken, UserNotFound
from domain.identity.events import UserUpdated
from domain.identity.profiles import ProfileChange, ProfileChanges
from domain.identity.schemas import FullName, Username, UserProfile
from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.errors import ConcurrentChange, PreconditionFailed
from domain.kernel.schemas import ABSENT, Absent
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class UpdateMe(Command[UserProfile]):
    """Change the signed-in person's profile; what is left out stays, and null empties."""

    full_name: FullName | Absent | None = ABSENT
    username: Username | Absent | None = ABSENT
    expected_version: int | None = if_match(default=None)


@interactor(
    access=SIGNED_IN,
    raises=(UserNotFound, FullNameInvalid, UsernameInvalid, UsernameTaken, PreconditionFailed, ConcurrentChange),
    emits=(UserUpdated,),
    audit="identity.user.update_profile",
)
class UpdateMeInteractor:
    changes: ProfileChanges

    async def __call__(self, request: UpdateMe, actor: Actor) -> UserProfile:
        change = ProfileChange(request.full_name, request.username, request.expected_version)
        return await self.changes.make(actor.user_id, change)

"""Change a person's profile."""

from domain.identity.errors import FullNameInvalid, UsernameInvalid, UsernameTaken, UserNotFound
from domain.identity.events import UserUpdated
from domain.identity.profiles import ProfileChange, ProfileChanges
from domain.identity.schemas import FullName, Username, UserProfile
from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange, PreconditionFailed
from domain.kernel.ids import UserId
from domain.kernel.schemas import ABSENT, Absent
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class UpdateUser(Command[UserProfile]):
    """Change a person's profile; what is left out stays, and null empties."""

    user_id: UserId
    full_name: FullName | Absent | None = ABSENT
    username: Username | Absent | None = ABSENT
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.USERS_WRITE),
    raises=(UserNotFound, FullNameInvalid, UsernameInvalid, UsernameTaken, PreconditionFailed, ConcurrentChange),
    emits=(UserUpdated,),
    audit="identity.user.update",
)
class UpdateUserInteractor:
    changes: ProfileChanges

    async def __call__(self, request: UpdateUser) -> UserProfile:
        change = ProfileChange(request.full_name, request.username, request.expected_version)
        return await self.changes.make(request.user_id, change)

"""Change profiles."""

from dataclasses import dataclass

from domain.identity.models import User, full_name, username
from domain.identity.ports import Superusers
from domain.identity.registration import profile, updated
from domain.identity.repositories import Users
from domain.identity.schemas import UserProfile
from domain.kernel.errors import PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import UserId
from domain.kernel.ports import Clock
from domain.kernel.schemas import ABSENT, Absent


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """What a profile is to become; what is absent stays."""

    full_name: str | Absent | None = ABSENT
    username: str | Absent | None = ABSENT
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """Change a profile and announce it; a change that changes nothing is not announced."""

    users: Users
    superusers: Superusers
    events: Events
    clock: Clock

    async def make(self, user_id: UserId, change: ProfileChange) -> UserProfile:
        """Return the profile as it is now.

        Raise `UserNotFound`, `PreconditionFailed`, `FullNameInvalid`, `UsernameInvalid`, `UsernameTaken`.
        """
        user = await self.users.get(user_id)
        if change.expected_version not in (None, user.version):
            raise PreconditionFailed
        if self._apply(user, change):
            user.updated_at = self.clock.now()
            self.events.emit(updated(user), of=user)
            await self.users.keep(user)
        return profile(user, is_superuser=await self.superusers.includes(user_id))

    def _apply(self, user: User, change: ProfileChange) -> bool:
        before = (user.full_name, user.username)
        if not isinstance(change.full_name, Absent):
            user.full_name = None if change.full_name is None else full_name(change.full_name)
        if not isinstance(change.username, Absent):
            user.username = None if change.username is None else username(change.username)
        return before != (user.full_name, user.username)

"""Delete a person's account."""

from collections.abc import Collection
from typing import Final

from domain.access.facade import Assignments, Authority, LastOwner, Place
from domain.identity.errors import LastSuperuser, UserNotFound
from domain.identity.events import UserDeleted
from domain.identity.ports import SessionEnding, Superusers
from domain.identity.repositories import Users
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import ConcurrentChange, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import PLATFORM, OrganizationId, UserId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message

NAMED: Final = 20
"""How many organizations a refusal names at most."""


@message
class DeleteUser(Command[None]):
    """Delete a person's account, with their credentials, sessions, memberships and grants.

    Whoever is the last active owner of an organization is kept: name another owner there, or delete it, first. They can
    be deactivated meanwhile.
    """

    user_id: UserId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.USERS_WRITE),
    raises=(UserNotFound, LastSuperuser, LastOwner, PreconditionFailed, ConcurrentChange),
    emits=(UserDeleted,),
    audit="identity.user.delete",
    simulated=True,
)
class DeleteUserInteractor:
    users: Users
    superusers: Superusers
    assignments: Assignments
    authority: Authority
    sessions: SessionEnding
    events: Events
    clock: Clock

    async def __call__(self, request: DeleteUser, actor: Actor) -> None:
        user = await self.users.get(request.user_id)
        if request.expected_version not in (None, user.version):
            raise PreconditionFailed
        await self.superusers.spare(user.id)
        if owned := await self.assignments.owned_alone(user.id):
            raise LastOwner(await self._told(actor, owned))
        now = self.clock.now()
        ended = await self.sessions.end_all(user.id, user.epoch + 1, now)
        await self.users.remove(user)
        self.events.emit(UserDeleted(user_id=user.id, occurred_at=now), of=user, revokes=ended)

    async def _told(self, actor: Actor, owned: Collection[OrganizationId]) -> str:
        """Say how to proceed; which organizations there are is for those to know who may see them."""
        told = f"They alone own {len(owned)} of the organizations: name another owner in each, or delete it."
        if not await self.authority.holds(actor, Place(PLATFORM), Permission.ORGANIZATIONS_READ):
            return told
        return f"{told} {', '.join(str(each) for each in sorted(owned)[:NAMED])}"

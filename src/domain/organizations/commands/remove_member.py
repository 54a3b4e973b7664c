"""Remove a member."""

from domain.access.events import GrantWithdrawn
from domain.access.facade import LastOwner, NotHeld, Walls
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, OrganizationNotFound
from domain.kernel.ids import OrganizationId, UserId
from domain.kernel.usecases import Command, interactor, message
from domain.organizations.errors import MemberNotFound
from domain.organizations.events import MemberRemoved
from domain.organizations.joining import Leaving


@message
class RemoveMember(Command[None]):
    """Remove a person from an organization, with everything they hold in it.

    Takes `visibility:bypass` too, for who belongs to an organization is common to all.
    """

    organization_id: OrganizationId
    user_id: UserId


@interactor(
    access=needs(Permission.MEMBERS_WRITE, within="organization_id"),
    raises=(OrganizationNotFound, BypassRequired, MemberNotFound, NotHeld, LastOwner),
    emits=(MemberRemoved, GrantWithdrawn),
    audit="organizations.member.remove",
    simulated=True,
)
class RemoveMemberInteractor:
    leaving: Leaving
    walls: Walls

    async def __call__(self, request: RemoveMember, actor: Actor) -> None:
        if not await self.walls.bypasses(actor, request.organization_id):
            raise BypassRequired
        await self.leaving.leave(request.organization_id, request.user_id, actor)

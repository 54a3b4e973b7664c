"""How people come into organizations, and leave them."""

from dataclasses import dataclass

from domain.access.facade import Assignments, Authority, NotHeld, Place, Subject, Walls
from domain.kernel.access import Actor, Permission
from domain.kernel.errors import BypassRequired
from domain.kernel.events import Events
from domain.kernel.ids import PLATFORM, OrganizationId, RoleId, UserId
from domain.kernel.ports import Clock
from domain.kernel.revocation import Revoking
from domain.organizations.events import MemberAdded, MemberRemoved
from domain.organizations.models import Membership
from domain.organizations.repositories import Memberships, Organizations


@dataclass(frozen=True, slots=True)
class Joining:
    """Make somebody a member with a role. The organization must be held by the command already."""

    memberships: Memberships
    assignments: Assignments
    events: Events
    clock: Clock

    async def join(self, organization_id: OrganizationId, user_id: UserId, role_id: RoleId, by: UserId) -> Membership:
        """Return the membership, or raise `AlreadyMember` or `RoleNotFound`; what `by` may do is not asked."""
        now = self.clock.now()
        membership = Membership(organization_id=organization_id, user_id=user_id, created_at=now)
        added = MemberAdded(organization_id=organization_id, user_id=user_id, occurred_at=now)
        self.events.emit(added, of=membership)
        await self.memberships.add(membership)
        await self.assignments.assign(Place(organization_id), Subject("user", user_id), role_id, by)
        return membership


@dataclass(frozen=True, slots=True)
class Leaving:
    """End a membership, with everything that came of it."""

    organizations: Organizations
    memberships: Memberships
    assignments: Assignments
    authority: Authority
    walls: Walls
    revoking: Revoking
    events: Events
    clock: Clock

    async def leave(self, organization_id: OrganizationId, user_id: UserId, by: Actor) -> None:
        """Remove the person, or raise `MemberNotFound`, `LastOwner`, or `NotHeld` where no owner removes an owner.

        Raise `BypassRequired` where somebody removes an owner who may not see whether another one is left.
        """
        await self.organizations.get(organization_id)
        owners = await self.assignments.owners(organization_id)
        membership = await self.memberships.get(organization_id, user_id)
        if user_id in owners and not await self.walls.bypasses(by, organization_id):
            raise BypassRequired
        if user_id in owners and user_id != by.user_id and not await self._owns(by, organization_id):
            raise NotHeld
        await self.assignments.withdraw_everything(organization_id, Subject("user", user_id))
        await self.memberships.remove(membership)
        now = self.clock.now()
        removed = MemberRemoved(organization_id=organization_id, user_id=user_id, occurred_at=now)
        self.events.emit(removed, of=membership, revokes=[self.revoking.member(organization_id, user_id, now)])

    async def _owns(self, actor: Actor, organization_id: OrganizationId) -> bool:
        # Who owns the platform are its superusers, and they alone hold everything.
        needed = "*" if organization_id == PLATFORM else Permission.ORGANIZATIONS_OWN
        return await self.authority.holds(actor, Place(organization_id), needed)

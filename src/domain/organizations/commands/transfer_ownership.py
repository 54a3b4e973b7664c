"""Hand an organization over."""

from domain.access.events import GrantMade, GrantWithdrawn
from domain.access.facade import Assignments, NotHeld, Place, Subject, Walls
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.events import Events
from domain.kernel.ids import PLATFORM, OrganizationId, UserId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, interactor, message
from domain.organizations.errors import AlreadyOwner, MemberNotFound, PlatformFixed
from domain.organizations.events import OwnershipTransferred
from domain.organizations.repositories import Memberships, Organizations


@message
class TransferOwnership(Command[None]):
    """Make another member the owner in one's own place; whoever hands over stays a member."""

    organization_id: OrganizationId
    user_id: UserId


@interactor(
    access=needs(Permission.ORGANIZATIONS_OWN, within="organization_id"),
    raises=(OrganizationNotFound, PlatformFixed, MemberNotFound, NotHeld, AlreadyOwner),
    emits=(OwnershipTransferred, GrantMade, GrantWithdrawn),
    audit="organizations.ownership.transfer",
    simulated=True,
)
class TransferOwnershipInteractor:
    organizations: Organizations
    memberships: Memberships
    assignments: Assignments
    walls: Walls
    events: Events
    clock: Clock

    async def __call__(self, request: TransferOwnership, actor: Actor) -> None:
        if request.organization_id == PLATFORM:
            raise PlatformFixed
        place = Place(request.organization_id)
        organization = await self.organizations.get(place.organization_id)
        owners = await self.assignments.owners(place.organization_id)
        await self.memberships.get(place.organization_id, request.user_id)
        if await self.walls.hidden_people(actor, place.organization_id, {request.user_id}):
            raise MemberNotFound
        if actor.user_id not in owners:
            raise NotHeld
        if request.user_id in owners:
            raise AlreadyOwner
        owner = await self.assignments.role(place.organization_id, "owner")
        member = await self.assignments.role(place.organization_id, "member")
        before, after = Subject("user", actor.user_id), Subject("user", request.user_id)
        await self.assignments.assign(place, after, owner, actor.user_id)
        await self.assignments.withdraw(place, before, owner)
        await self.assignments.assign(place, before, member, actor.user_id)
        transferred = OwnershipTransferred(
            organization_id=organization.id,
            from_user_id=actor.user_id,
            to_user_id=request.user_id,
            occurred_at=self.clock.now(),
        )
        self.events.emit(transferred, of=organization)
        await self.organizations.keep(organization)

"""Share a resource no longer."""

from domain.access.events import GrantWithdrawn
from domain.access.facade import Assignments, Authority, GrantNotFound, NotHeld
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import Forbidden
from domain.kernel.ids import GrantId, OrganizationId, ResourceId
from domain.kernel.usecases import Command, interactor, message
from domain.resources.errors import ResourceNotFound
from domain.resources.repositories import Resources
from domain.resources.seeing import Seeing


@message
class UnshareResource(Command[None]):
    """Withdraw a grant that was made on a resource."""

    organization_id: OrganizationId
    resource_id: ResourceId
    grant_id: GrantId


@interactor(
    access=needs(Permission.RESOURCES_SHARE, within="organization_id", on="resource_id"),
    raises=(GrantNotFound, NotHeld, ResourceNotFound),
    emits=(GrantWithdrawn,),
    audit="resources.resource.unshare",
    simulated=True,
)
class UnshareResourceInteractor:
    resources: Resources
    assignments: Assignments
    authority: Authority
    seeing: Seeing

    async def __call__(self, request: UnshareResource, actor: Actor) -> None:
        resource = await self.resources.get(request.organization_id, request.resource_id)
        await self.seeing.must_see(actor, resource)
        given = await self.assignments.assigned(request.organization_id, request.grant_id)
        known = await self.seeing.knows(actor, request.organization_id, given.subject)
        if given.place.resource_id != resource.id or not known:
            raise GrantNotFound
        if not await self.authority.holds(actor, given.place, Permission.RESOURCES_SHARE):
            raise Forbidden
        await self.authority.must_hold_role(actor, given.place, given.role_id)
        await self.assignments.withdraw(given.place, given.subject, given.role_id)

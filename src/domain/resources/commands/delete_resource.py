"""Delete a resource."""

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, ConcurrentChange, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, ResourceId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.resources.errors import ResourceNotEmpty, ResourceNotFound, TooManyBelow
from domain.resources.events import ResourceDeleted
from domain.resources.models import MOST_BELOW
from domain.resources.reach import Reach
from domain.resources.repositories import Resources
from domain.resources.seeing import Seeing
from domain.resources.telling import deleted


@message
class DeleteResource(Command[None]):
    """Delete a resource and every grant on it; with `below` everything that lies in it, too.

    Takes `visibility:bypass` in the organization as well, for something hidden may lie in it.
    """

    organization_id: OrganizationId
    resource_id: ResourceId
    below: bool = False
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.RESOURCES_WRITE, within="organization_id", on="resource_id"),
    raises=(BypassRequired, ResourceNotEmpty, ResourceNotFound, TooManyBelow, PreconditionFailed, ConcurrentChange),
    emits=(ResourceDeleted,),
    audit="resources.resource.delete",
    simulated=True,
)
class DeleteResourceInteractor:
    resources: Resources
    reach: Reach
    seeing: Seeing
    events: Events
    clock: Clock

    async def __call__(self, request: DeleteResource, actor: Actor) -> None:
        await self.seeing.must_bypass(actor, request.organization_id)
        if request.below:
            await self.resources.hold(request.organization_id, moving=True)
        found = await self.resources.get(request.organization_id, request.resource_id)
        if request.expected_version not in (None, found.version):
            raise PreconditionFailed
        await self.reach.must_write(actor, request.organization_id, {found.id})
        below = await self.resources.below(found, MOST_BELOW) if request.below else ()
        if len(below) == MOST_BELOW:
            raise TooManyBelow
        gone, now = [found, *below], self.clock.now()
        for each in gone:
            self.events.emit(deleted(each, now), of=each)
        await self.resources.remove(gone)

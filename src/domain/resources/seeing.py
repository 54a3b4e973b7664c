"""What actors see of resources: what they do not see is as if it were not."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from domain.access.facade import Subject, Walls
from domain.kernel.access import Actor
from domain.kernel.errors import BypassRequired
from domain.kernel.ids import OrganizationId, ResourceId, UserId
from domain.resources.errors import ResourceNotFound
from domain.resources.models import Resource, ResourceKey
from domain.resources.reach import KNOWS, READS, Reach
from domain.resources.schemas import ResourceInfo, info


@dataclass(frozen=True, slots=True)
class View:
    """What somebody does not see of what resources belong to and lie in."""

    people: Collection[UserId] = ()
    parents: Collection[ResourceId | None] = ()

    def owner(self, resource: Resource) -> UserId | None:
        """Return the owner, None if they are hidden."""
        return None if resource.owner_id in self.people else resource.owner_id

    def parent(self, resource: Resource) -> ResourceKey | None:
        """Return what the resource lies in, None if that is not seen."""
        return None if resource.parent is None or resource.parent.id in self.parents else resource.parent.key


@dataclass(frozen=True, slots=True)
class Seeing:
    """Ask what walls hide from the actor and what they may read, in the transaction of the command."""

    walls: Walls
    reach: Reach

    async def must_bypass(self, actor: Actor, organization_id: OrganizationId) -> None:
        """Raise `BypassRequired` unless no wall hides anything from the actor."""
        if not await self.walls.bypasses(actor, organization_id):
            raise BypassRequired

    async def must_see(self, actor: Actor, resource: Resource) -> None:
        """Raise `ResourceNotFound` if a wall hides the resource, which is locked, from the actor."""
        if await self.walls.hidden(actor, resource.organization_id, {resource.id}):
            raise ResourceNotFound

    async def knows(self, actor: Actor, organization_id: OrganizationId, subject: Subject) -> bool:
        """Return whether no wall hides the subject, who need not be there, from the actor."""
        people = {UserId(subject.id)} if subject.type == "user" else ()
        return not await self.walls.hidden_people(actor, organization_id, people)

    async def known(
        self, actor: Actor, organization_id: OrganizationId, resource_ids: Collection[ResourceId]
    ) -> Collection[ResourceId | None]:
        """Return those that no wall hides from the actor, and that they may read or write."""
        shown = {*resource_ids} - {*await self.walls.hidden(actor, organization_id, resource_ids)}
        return await self.reach.where(actor, organization_id, shown, KNOWS)

    async def view(
        self,
        actor: Actor,
        organization_id: OrganizationId,
        resources: Collection[Resource],
        people: Collection[UserId] = (),
    ) -> View:
        """Return who of `people` and the owners of `resources`, and what of that they lie in, the actor cannot see."""
        owners = {each.owner_id for each in resources if each.owner_id} | {*people}
        parents = {each.parent.id for each in resources if each.parent}
        shown = parents - {*await self.walls.hidden(actor, organization_id, parents)}
        read = await self.reach.where(actor, organization_id, shown, READS)
        return View(await self.walls.hidden_people(actor, organization_id, owners), parents - {*read})

    async def info(self, actor: Actor, resource: Resource) -> ResourceInfo:
        """Return what the actor is shown of `resource`."""
        view, told = await self.view(actor, resource.organization_id, [resource]), info(resource)
        return replace(told, owner=view.owner(resource), parent=told.parent if view.parent(resource) else None)

"""What walls hide from whom."""

from collections.abc import Collection
from dataclasses import dataclass

from domain.access.facade import Place, Walls
from domain.access.holding import Holding
from domain.access.repositories import Hiding
from domain.kernel.access import Actor, Permission
from domain.kernel.ids import OrganizationId, ResourceId, UserId


@dataclass(frozen=True, slots=True)
class Looking(Walls):
    """Ask who is in which group, and who may look over walls, in the transaction of the command."""

    hiding: Hiding
    holding: Holding

    async def bypasses(self, actor: Actor, organization_id: OrganizationId) -> bool:
        """See `Walls.bypasses`."""
        return await self.holding.holds(actor, Place(organization_id), Permission.VISIBILITY_BYPASS)

    async def hidden(
        self, actor: Actor, organization_id: OrganizationId, resource_ids: Collection[ResourceId]
    ) -> Collection[ResourceId]:
        """See `Walls.hidden`."""
        found = await self.hiding.resources(resource_ids, actor.user_id) if resource_ids else ()
        return found if found and not await self.bypasses(actor, organization_id) else ()

    async def hidden_people(
        self, actor: Actor, organization_id: OrganizationId, user_ids: Collection[UserId]
    ) -> Collection[UserId]:
        """See `Walls.hidden_people`."""
        found = await self.hiding.people(organization_id, user_ids, actor.user_id) if user_ids else ()
        return found if found and not await self.bypasses(actor, organization_id) else ()

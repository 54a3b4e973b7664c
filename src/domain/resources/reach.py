"""Who may write where."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from domain.access.facade import Authority, Place
from domain.kernel.access import Actor, Permission
from domain.kernel.errors import Forbidden
from domain.kernel.ids import OrganizationId, ResourceId
from domain.resources.errors import ParentNotFound

MOST_PLACES: Final = 100
"""How many places are asked about one by one."""
READS: Final = (Permission.RESOURCES_READ,)
KNOWS: Final = (Permission.RESOURCES_READ, Permission.RESOURCES_WRITE)
"""Any of these is enough to know that something is there."""
_WRITES: Final = (Permission.RESOURCES_WRITE,)


@dataclass(frozen=True, slots=True)
class Reach:
    """Ask what the actor may do at the places that a command concerns.

    What is put below something comes within reach of everybody who holds grants on all below that, and what is taken
    away leaves it: so both are asked about, not only the resource itself.
    """

    authority: Authority

    async def must_write(
        self, actor: Actor, organization_id: OrganizationId, places: Collection[ResourceId | None]
    ) -> None:
        """Raise `Forbidden` unless the actor may write at every one of `places`; None is the organization itself."""
        if {*places} - {*await self.where(actor, organization_id, places, _WRITES)}:
            raise Forbidden

    async def must_write_in(
        self, actor: Actor, organization_id: OrganizationId, parents: Collection[ResourceId | None]
    ) -> None:
        """Do the same for what something is put in; raise `ParentNotFound` for what the actor cannot know of."""
        lacking = {*parents} - {*await self.where(actor, organization_id, parents, _WRITES)}
        if lacking - {None} - {*await self.where(actor, organization_id, lacking - {None}, READS)}:
            raise ParentNotFound
        if lacking:
            raise Forbidden

    async def must_know(self, actor: Actor, organization_id: OrganizationId, places: Collection[ResourceId]) -> None:
        """Raise `Forbidden` unless the actor may read or write every one of `places`."""
        if {*places} - {*await self.where(actor, organization_id, places, KNOWS)}:
            raise Forbidden

    async def where(
        self,
        actor: Actor,
        organization_id: OrganizationId,
        places: Collection[ResourceId | None],
        permissions: Collection[Permission],
    ) -> Collection[ResourceId | None]:
        """Return those of `places` at which the actor holds one of `permissions`.

        Whoever holds one in the whole organization holds it anywhere in it. Others are asked at up to a hundred places
        at once: at more of them they hold nothing.
        """
        if not places:
            return ()
        for permission in permissions:
            if await self.authority.holds(actor, Place(organization_id), permission):
                return places
        asked = [] if len(places) > MOST_PLACES else [each for each in places if each is not None]
        return {each for each in asked if await self._holds(actor, Place(organization_id, each), permissions)}

    async def _holds(self, actor: Actor, place: Place, permissions: Collection[Permission]) -> bool:
        for permission in permissions:
            if await self.authority.holds(actor, place, permission):
                return True
        return False

"""Who may write where."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from domain.access.facade import Authority, Place
from domain.kernel.access import Actor, Permission
from domain.kernel.errors import Forbidden
from domain.kernel.ids import OrganizationId, ResourceId

MOST_PLACES: Final = 100
"""How many places are asked about one by one."""


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
        """Raise `Forbidden` unless the actor may write at every one of `places`; None is the organization itself.

        Whoever may write in the whole organization may write anywhere in it; others at up to a hundred places at once.
        """
        if not places or await self._writes(actor, Place(organization_id)):
            return
        if None in places or len(places) > MOST_PLACES:
            raise Forbidden
        for each in places:
            if not await self._writes(actor, Place(organization_id, each)):
                raise Forbidden

    async def _writes(self, actor: Actor, place: Place) -> bool:
        return await self.authority.holds(actor, place, Permission.RESOURCES_WRITE)

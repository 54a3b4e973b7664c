"""What those mean who do not see everything."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from domain.kernel.access import Actor
from domain.kernel.errors import BypassRequired, ConcurrentChange
from domain.kernel.ids import OrganizationId, UserId
from domain.resources.models import Resource
from domain.resources.repositories import Resources
from domain.resources.seeing import Seeing, View
from domain.resources.wanting import Wanted, breathing


@dataclass(frozen=True, slots=True)
class Settled:
    """What is wanted, and who cannot be named as an owner because they are hidden from the actor."""

    wanted: Sequence[Wanted]
    strangers: Collection[UserId] = ()


@dataclass(frozen=True, slots=True)
class Settling:
    """Keep those whom walls hide something from to what they see: changing that, where it is.

    New names, and other places in the tree, are for those who see all of it. Any other answer would tell whether
    something hidden has the name, or lies there. What is sent as it is shown stays as it is.
    """

    resources: Resources
    seeing: Seeing

    async def settled(self, actor: Actor, organization_id: OrganizationId, wanted: Sequence[Wanted]) -> Settled:
        """Return what `wanted` comes to for the actor; unless they look over walls, what it is about is locked then.

        Raise `BypassRequired`, or `ConcurrentChange` where a wall was built at the same moment.
        """
        if await self.seeing.walls.bypasses(actor, organization_id):
            return Settled(wanted)
        found = await self.resources.named(organization_id, {each.key for each in wanted})
        known = await self.seeing.known(actor, organization_id, {each.id for each in found.values()})
        if any(each.key not in found or found[each.key].id not in known for each in wanted):
            raise BypassRequired
        locked = await self.resources.renewed(found.values())
        if any(each.key not in locked or locked[each.key].wall_id != each.wall_id for each in found.values()):
            raise ConcurrentChange
        owners = {each.owner for each in wanted if each.owner}
        view = await self.seeing.view(actor, organization_id, locked.values(), owners)
        settled = [_settled(each, locked[each.key], view) async for _, each in breathing(wanted)]
        return Settled(settled, view.people)


def _settled(wanted: Wanted, found: Resource, view: View) -> Wanted:
    if "parent" not in wanted.kept:
        if wanted.parent != view.parent(found):
            raise BypassRequired
        above = found.parent.key if found.parent else None
        wanted = replace(wanted, parent=above, kept=wanted.kept | {"parent"})
    if "owner" not in wanted.kept and wanted.owner == view.owner(found):
        wanted = replace(wanted, owner=found.owner_id, kept=wanted.kept | {"owner"})
    return wanted

"""What whoever puts or takes something somewhere has to hold there."""

from collections.abc import Collection
from dataclasses import dataclass

import pytest

from domain.access.facade import Authority, Place
from domain.kernel.access import Actor
from domain.kernel.errors import Forbidden
from domain.kernel.ids import OrganizationId, ResourceId, RoleId, uuid7
from domain.resources.errors import ParentNotFound
from domain.resources.models import ResourceKey
from domain.resources.reach import MOST_PLACES, Reach
from domain.resources.registering import Registration
from domain.resources.seeing import Seeing
from domain.resources.settling import Settling
from domain.resources.wanting import Wanted
from tests.contracts.resources import NOBODY, NoWalls
from tests.support.memory.ports import MovableClock
from tests.support.memory.resources import MemoryBelonging, MemoryResources
from tests.support.memory.work import MemoryWork
from tests.unit.resources.conftest import World

HERE = OrganizationId(uuid7())


@dataclass(frozen=True)
class Held(Authority):
    """Somebody who may write on some resources, and read on others; None among them stands for the organization."""

    places: Collection[ResourceId | None]
    read: Collection[ResourceId | None] = ()

    async def must_hold_role(self, actor: Actor, place: Place, role_id: RoleId) -> None:
        raise AssertionError("writing asks for a permission, not for a role")

    async def holds(self, actor: Actor, place: Place, permission: str) -> bool:
        return place.resource_id in {"resources:write": self.places, "resources:read": self.read}[permission]


async def put(
    world: World, held: Collection[str | None], name: str, parent: str | None, read: Collection[str | None] = ()
) -> None:
    """Have a document lie somewhere, as somebody who may write on those of `held` alone."""
    places, known = ({world.kept[each].id if each else None for each in some} for some in (held, read))
    clock = MovableClock()
    work = MemoryWork(world.app.memory, clock)
    resources, reach = MemoryResources(work), Reach(Held(places, known))
    settling = Settling(resources, Seeing(NoWalls(), reach))
    registration = Registration(resources, MemoryBelonging(work), reach, settling, work, clock)
    wanted = Wanted(ResourceKey("doc", name), None, ResourceKey("doc", parent) if parent else None, {})
    await registration.put(NOBODY, world.organization_id, wanted)
    await work.rollback()


@pytest.mark.parametrize(
    ("name", "parent", "needed"),
    [
        ("new", "a", {"a"}),
        ("new", None, {None}),
        ("one", "b", {"one", "a", "b"}),
        ("one", None, {None}),
        ("b", "a", {None}),
    ],
)
async def test_needs_the_thing_itself_and_both_places(
    world: World, name: str, parent: str | None, needed: set[str | None]
) -> None:
    for made, above in (("a", None), ("b", None), ("one", "a")):
        await world.put(made, above)

    await put(world, needed, name, parent)
    for missing in needed:
        with pytest.raises(Forbidden):
            await put(world, needed - {missing}, name, parent, {None})


async def test_what_is_so_already_needs_only_to_be_known(world: World) -> None:
    await world.put("a")

    await put(world, (), "a", None, {"a"})
    await put(world, {"a"}, "a", None)
    with pytest.raises(Forbidden):
        await put(world, (), "a", None)


async def test_what_cannot_be_read_is_no_parent(world: World) -> None:
    await world.put("a")

    with pytest.raises(Forbidden):
        await put(world, (), "new", "a", {"a"})
    for parent in ("a", "nothing"):
        with pytest.raises(ParentNotFound):
            await put(world, (), "new", parent)


async def test_asks_about_so_many_places_and_no_more() -> None:
    places = [ResourceId(uuid7()) for _ in range(MOST_PLACES + 1)]

    await Reach(Held(places)).must_write(NOBODY, HERE, places[1:])
    await Reach(Held([None])).must_write(NOBODY, HERE, places)
    with pytest.raises(Forbidden):
        await Reach(Held(places)).must_write(NOBODY, HERE, places)

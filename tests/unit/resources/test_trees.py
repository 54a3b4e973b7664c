"""Trees of resources in memory, whatever is done to them."""

from types import SimpleNamespace

from hypothesis import HealthCheck, given, settings

from domain.kernel.ids import OrganizationId, uuid7
from domain.resources.commands.delete_resource import DeleteResource
from domain.resources.commands.register_resources import RegisterResources
from domain.resources.errors import RegistrationRefused
from domain.resources.schemas import ResourceName, ResourceToRegister
from tests.contracts.trees import BATCHES, STEPS, WALLED, Naive, Step, agrees
from tests.support.app import App
from tests.support.memory.configuration import ORGANIZATIONS
from tests.support.memory.tables import VISIBILITY_CONTENTS
from tests.unit.resources.conftest import World

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def fresh() -> World:
    app = App()
    here = OrganizationId(uuid7())
    app.memory.table(ORGANIZATIONS)[here] = True
    return World(app, await app.administrator(), here, here)


async def put(world: World, naive: Naive, wanted: dict[str, str | None]) -> None:
    items = [
        ResourceToRegister("doc", name, parent=ResourceName("doc", parent) if parent else None)
        for name, parent in wanted.items()
    ]
    try:
        await world.send(RegisterResources(organization_id=world.organization_id, resources=items))
    except RegistrationRefused:
        assert not naive.put(wanted)
    else:
        assert naive.put(wanted)
    contents = world.app.memory.table(VISIBILITY_CONTENTS)
    for name, each in world.kept.items():
        if name in WALLED and each.id not in contents:
            contents[each.id] = SimpleNamespace(
                group_id=None, organization_id=world.organization_id, resource_id=each.id, user_id=None
            )
            wall(world, each.id)


def wall(world: World, resource_id: object) -> None:
    """Have what lies below know of the new wall, as whoever puts something into a group does."""
    contents = world.app.memory.table(VISIBILITY_CONTENTS)
    for each in world.kept.values():
        if resource_id in each.path:
            each.wall_id = next((above for above in each.path if above in contents), None)


def look(world: World, naive: Naive) -> None:
    agrees(naive, {name: (each.id, each.path, each.wall_id) for name, each in world.kept.items()})


@FEW
@given(steps=STEPS)
async def test_one_by_one(steps: list[Step]) -> None:
    world, naive = await fresh(), Naive()
    for what, name, parent in steps:
        if what == "put":
            await put(world, naive, {name: parent})
        elif name in world.kept:
            gone = DeleteResource(organization_id=world.organization_id, resource_id=world.kept[name].id, below=True)
            await world.send(gone)
            assert naive.delete(name)
        look(world, naive)


@FEW
@given(batches=BATCHES)
async def test_many_at_once(batches: list[dict[str, str | None]]) -> None:
    world, naive = await fresh(), Naive()
    for wanted in batches:
        await put(world, naive, wanted)
        look(world, naive)

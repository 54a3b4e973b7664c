"""Walls that are built while somebody changes what comes to stand behind them, on Postgres."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from core.clock import SystemClock
from core.postgres.places import SqlHiding
from core.postgres.resources import SqlBelonging, SqlResources
from core.postgres.visibility import SqlContents
from core.postgres.work import SqlWork
from domain.access.repositories import Hiding
from domain.kernel.access import Actor
from domain.kernel.errors import ConcurrentChange
from domain.kernel.ids import GroupId, OrganizationId, ResourceId, UserId
from domain.resources.errors import ResourceNotFound
from domain.resources.models import Resource
from domain.resources.reach import Reach
from domain.resources.registering import Registration
from domain.resources.seeing import Seeing
from domain.resources.settling import Settling
from domain.resources.wanting import Wanted
from domain.visibility.models import Content, VisibilityGroup
from tests.contracts.resources import NOBODY, NOW, NoWalls, added, resource
from tests.integration.resources.ground import SqlGround
from tests.integration.resources.test_many import Everything

WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@dataclass(frozen=True)
class Outside(NoWalls):
    """Whoever asks is outside all walls there are."""

    hiding: Hiding

    async def bypasses(self, actor: Actor, organization_id: OrganizationId) -> bool:
        return False

    async def hidden(
        self, actor: Actor, organization_id: OrganizationId, resource_ids: Collection[ResourceId]
    ) -> Collection[ResourceId]:
        return await self.hiding.resources(resource_ids, actor.user_id)

    async def hidden_people(
        self, actor: Actor, organization_id: OrganizationId, user_ids: Collection[UserId]
    ) -> Collection[UserId]:
        return await self.hiding.people(organization_id, user_ids, actor.user_id)


async def put(work: SqlWork, seeing: Seeing, made: Resource) -> None:
    """Change a resource by its name, as a command does."""
    resources, reach = SqlResources(work), Reach(Everything())
    settling = Settling(resources, seeing)
    registration = Registration(resources, SqlBelonging(work), reach, settling, work, SystemClock())
    await registration.put(NOBODY, made.organization_id, Wanted(made.key, None, None, {"a": 1}))


async def update(work: SqlWork, seeing: Seeing, made: Resource) -> None:
    """Take a resource by its id, as commands do."""
    await seeing.must_see(NOBODY, await SqlResources(work).get(made.organization_id, made.id))


@asynccontextmanager
async def walled(ground: SqlGround, made: Resource) -> AsyncIterator[None]:
    """Build a wall before the resource, which is there when the block ends."""
    group = VisibilityGroup(organization_id=made.organization_id, name=str(made.id), created_at=NOW, updated_at=NOW)
    group.id = GroupId(made.id)
    await ground.run(
        "INSERT INTO visibility_groups VALUES ($1, $2, $3, now(), now(), 1)", group.id, made.organization_id, group.name
    )
    work = ground.work()
    try:
        await SqlContents(work).add(group, Content(resource_id=made.id))
        yield
        await work.commit()
    finally:
        await work.rollback()


@pytest.mark.parametrize(("change", "refusal"), [(put, ConcurrentChange), (update, ResourceNotFound)])
async def test_what_is_walled_meanwhile_is_not_changed(
    ground: SqlGround, change: Callable[[SqlWork, Seeing, Resource], Awaitable[None]], refusal: type[Exception]
) -> None:
    (made,) = await added(ground, resource(ground, "made"))
    work = ground.work()
    seeing = Seeing(Outside(SqlHiding(work)), Reach(Everything()))

    async with walled(ground, made):
        changing = asyncio.ensure_future(change(work, seeing, made))
        while not (changing.done() or (await ground.rows(WAITING))[0][0]):
            pass
        assert not changing.done()
    with pytest.raises(refusal):
        await changing
    await work.rollback()

    (row,) = await ground.rows("SELECT version, wall_id FROM resources WHERE id = $1", made.id)
    assert (row["version"], row["wall_id"]) == (1, made.id)

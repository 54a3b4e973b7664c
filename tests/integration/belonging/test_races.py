"""Teams and walls, when two things happen at once."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable
from typing import Final

import pytest

from core.postgres.visibility import PART
from domain.kernel.ids import OrganizationId, ResourceId, UserId, uuid7
from domain.teams.errors import TeamInItself
from domain.teams.models import Team, TeamMember
from domain.teams.schemas import TeamRole
from domain.visibility.models import Content, Viewer
from tests.contracts.belonging import Ports, group, hide, moved, path, put, team
from tests.integration.belonging.ground import SqlGround, register
from tests.support.facts import until

ROUNDS: Final = 50 if os.environ.get("GATEWRIGHT_FAULTS") == "long" else 8


async def outcomes(*works: Awaitable[object]) -> Counter[str]:
    """Run everything at once; return how often each kind of end was met."""
    ended = await asyncio.gather(*works, return_exceptions=True)
    return Counter(type(each).__name__ if isinstance(each, Exception) else "done" for each in ended)


async def waiting(ground: SqlGround) -> None:
    """Return once somebody waits for a lock in this database."""
    question = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

    async def one() -> bool:
        return bool(await ground.value(question))

    await until(one, 20)


async def consistent(ground: SqlGround) -> bool:
    """Return whether every path is what the parents say."""
    wrong = await ground.value("""
        SELECT count(*) FROM teams t LEFT JOIN teams above ON above.id = t.parent_id
        WHERE t.path <> t.id || coalesce(above.path, '{}')
    """)
    return bool(wrong == 0)


async def unwalled(ground: SqlGround) -> int:
    """Return how many resources stand behind another wall than the nearest thing of their path that is in a group."""
    found: int = await ground.value("""
        SELECT count(*) FROM resources r WHERE r.wall_id IS DISTINCT FROM (
            SELECT above.id FROM unnest(r.path) WITH ORDINALITY AS above (id, distance)
            WHERE above.id IN (SELECT resource_id FROM visibility_contents) ORDER BY distance LIMIT 1
        )
    """)
    return found


async def test_two_moves_do_not_make_a_circle(ground: SqlGround) -> None:
    for _ in range(ROUNDS):
        ours = await ground.organization()
        one, two = await team(ground, ours, "one"), await team(ground, ours, "two")

        ended = await outcomes(moved(ground, one, two), moved(ground, two, one))

        assert ended == {"done": 1, TeamInItself.__name__: 1}
        assert await consistent(ground)
        assert sorted([len(await path(ground, one)), len(await path(ground, two))]) == [1, 2]


async def test_many_moves_leave_every_path_right(ground: SqlGround) -> None:
    ours = await ground.organization()
    made: list[Team] = []
    for number in range(6):
        made.append(await team(ground, ours, str(number), made[number // 2] if number else None))

    moves = [moved(ground, made[n % 6], made[(n * 5 + 1) % 6]) for n in range(4 * ROUNDS)]
    ended = await outcomes(*moves)

    assert set(ended) <= {"done", TeamInItself.__name__}
    assert await consistent(ground)


async def test_what_is_made_below_a_team_follows_it(ground: SqlGround) -> None:
    ours = await ground.organization()
    top, crew = await team(ground, ours, "top"), await team(ground, ours, "crew")
    made = Team(organization_id=ours, name="new", created_at=top.created_at, updated_at=top.updated_at, version=1)

    async with ground.transaction() as ports:
        await ports.teams.hold(ours)
        made.lie_in(await ports.teams.find(ours, crew.id))
        await ports.teams.add(made)
        move = asyncio.ensure_future(moved(ground, crew, top))
        await waiting(ground)
    await move

    assert await path(ground, made) == [made.id, crew.id, top.id]


async def test_a_team_that_moves_is_not_filled_meanwhile(ground: SqlGround) -> None:
    ours = await ground.organization()
    top, crew, ada = await team(ground, ours, "top"), await team(ground, ours, "crew"), await ground.member(ours)

    async def fill() -> list[object]:
        async with ground.transaction() as ports:
            found = await ports.teams.find(ours, crew.id)
            assert found
            return [*found.path]

    async with ground.transaction() as ports:
        await ports.teams.hold(ours)
        found = await ports.teams.find(ours, crew.id)
        assert found
        filling = asyncio.ensure_future(fill())
        await waiting(ground)
        found.lie_in(await ports.teams.find(ours, top.id))
        found.version += 1
        await ports.teams.keep_moved(found)
    assert await filling == [crew.id, top.id]
    await put(ground, crew, ada)


async def test_nobody_joins_a_team_while_it_is_judged_who_sees_with_it(ground: SqlGround) -> None:
    ours = await ground.organization()
    top = await team(ground, ours, "top")
    crew, ada = await team(ground, ours, "crew", top), await ground.member(ours)
    wall = await group(ground, ours)

    async def judge() -> bool:
        async with ground.transaction() as ports:
            await ports.groups.get(ours, wall.id)
            return await ports.viewers.stands_for(ours, Viewer(team_id=top.id), ada)

    async with ground.transaction() as ports:
        assert await ports.teams.find(ours, crew.id)
        judging = asyncio.ensure_future(judge())
        await waiting(ground)
        await _join(ports, crew, ada)
    assert await judging


async def _join(ports: Ports, into: Team, user_id: UserId) -> None:
    await ports.members.add(
        TeamMember(
            team_id=into.id,
            organization_id=into.organization_id,
            user_id=user_id,
            role=TeamRole.MEMBER,
            created_at=into.created_at,
        )
    )


async def tree(ground: SqlGround, organization_id: OrganizationId) -> list[ResourceId]:
    """Return resources of which each lies in the one before."""
    made: list[ResourceId] = []
    for _ in range(4):
        made.append(await ground.resource(organization_id, made[-1] if made else None))
    return made


async def test_two_groups_that_change_at_once_leave_every_wall_right(ground: SqlGround) -> None:
    ours = await ground.organization()
    top, _, low, _ = await tree(ground, ours)
    one, two = await group(ground, ours, "one"), await group(ground, ours, "two")

    for _ in range(ROUNDS):
        ended = await outcomes(hide(ground, one, Content(top)), hide(ground, two, Content(low)))
        assert (ended, await unwalled(ground)) == ({"done": 2}, 0)
        ended = await outcomes(
            hide(ground, one, Content(top), out=True),
            hide(ground, two, Content(low), out=True),
            hide(ground, two, Content(top)),
        )
        assert (ended, await unwalled(ground)) == ({"done": 3}, 0)
        await hide(ground, two, Content(top), out=True)


async def test_a_wall_that_is_taken_down_in_one_group_stays_up_in_another(ground: SqlGround) -> None:
    ours = await ground.organization()
    top, low, *_ = await tree(ground, ours)
    one, two = await group(ground, ours, "one"), await group(ground, ours, "two")
    await hide(ground, one, Content(top))

    async with ground.transaction() as ports:
        await ports.groups.get(ours, two.id)
        await ports.contents.hold(ours)
        await ports.contents.add(two, Content(top))
        removal = asyncio.ensure_future(hide(ground, one, Content(top), out=True))
        await waiting(ground)
    await removal

    assert await ground.wall(low) == top


@pytest.mark.parametrize("first", ["wall", "resource"])
async def test_what_is_made_below_something_that_is_walled_meanwhile_is_walled(ground: SqlGround, first: str) -> None:
    ours = await ground.organization()
    top, _, low, _ = await tree(ground, ours)
    wall, made = await group(ground, ours), ResourceId(uuid7())

    async def make() -> None:
        async with ground.work() as work:
            await register(work, ours, made, low)

    if first == "wall":
        async with ground.transaction() as ports:
            await ports.contents.hold(ours)
            await ports.contents.add(wall, Content(top))
            making = asyncio.ensure_future(make())
            await waiting(ground)
        await making
    else:
        async with ground.work() as work:
            await register(work, ours, made, low)
            walling = asyncio.ensure_future(hide(ground, wall, Content(top)))
            await waiting(ground)
        await walling

    assert await ground.wall(made) == top


async def test_those_who_only_make_resources_do_not_wait_for_each_other(ground: SqlGround) -> None:
    ours = await ground.organization()
    top = await ground.resource(ours)

    async with ground.work() as work:
        await register(work, ours, ResourceId(uuid7()), top)
        async with asyncio.timeout(60):
            await ground.resource(ours, top)


async def test_a_wall_that_hides_more_than_one_statement_changes_hides_all_of_it(ground: SqlGround) -> None:
    ours = await ground.organization()
    top, wall = await ground.resource(ours), await group(ground, ours)
    many = 2 * PART + 1
    await ground.run(
        """
        INSERT INTO resources (id, organization_id, type, external_id, parent_id, path, created_at, updated_at, version)
        SELECT one.id, $1, 'file', one.id::text, $2, ARRAY[one.id, $2], now(), now(), 1
        FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $3::integer)) one
        """,
        ours,
        top,
        many,
    )
    hidden = "SELECT count(*) FROM resources WHERE organization_id = $1 AND wall_id = $2"

    await hide(ground, wall, Content(top))
    assert await ground.value(hidden, ours, top) == many + 1
    await hide(ground, wall, Content(top), out=True)
    assert await ground.value(hidden, ours, top) == 0

"""Trees of resources on Postgres, when two things happen at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from typing import Any

from core.postgres.resources import AT_ONCE
from core.postgres.work import SqlWork
from domain.kernel.errors import ConcurrentChange
from domain.resources.errors import ResourceCycle
from domain.resources.models import ResourceKey
from domain.resources.wanting import Wanted
from tests.contracts.resources import NOBODY, added, resource
from tests.integration.resources.ground import SqlGround
from tests.integration.resources.test_many import registration
from tests.support.invariants import TREES, broken

ROUNDS = 8
LARGE = """
INSERT INTO resources (id, organization_id, type, external_id, parent_id, path, created_at, updated_at, version)
SELECT made.id, $1, 'document', 'leaf' || made.number, $2, ARRAY[made.id, $2], now(), now(), 1
FROM (SELECT gen_random_uuid() AS id, number FROM generate_series(1, $3::int) AS number) AS made
"""


async def outcomes(*works: Awaitable[object]) -> Counter[str]:
    """Run everything at once; return how often each kind of end was met."""
    ended = await asyncio.gather(*works, return_exceptions=True)
    return Counter(type(each).__name__ if isinstance(each, Exception) else "done" for each in ended)


async def put(ground: SqlGround, name: str, parent: str | None) -> None:
    """Have a document lie in another, as a command does."""
    key = ResourceKey("document", name)
    above = ResourceKey("document", parent) if parent else None
    work: SqlWork = ground.work()
    try:
        await registration(work).put(NOBODY, ground.organization_id, Wanted(key, None, above, {}))
        await work.commit()
    finally:
        await work.rollback()


async def crooked(ground: SqlGround) -> dict[str, list[Any]]:
    """Return what is wrong with trees."""
    async with ground.database.read() as connection:
        return await broken(connection, TREES)


async def test_a_large_tree_moves_in_parts_and_nothing_of_it_stays_behind(ground: SqlGround) -> None:
    top, middle, other = resource(ground, "top"), resource(ground, "middle"), resource(ground, "other")
    below = resource(ground, "below", middle)
    await added(ground, top, middle, other, below)
    await ground.rows(LARGE, ground.organization_id, middle.id, 4 * AT_ONCE)

    await put(ground, "middle", "top")
    await put(ground, "middle", "other")

    assert not await crooked(ground)
    asked = "SELECT count(*) AS number FROM resources WHERE path @> ARRAY[$1::uuid, $2::uuid]"
    (row,) = await ground.rows(asked, middle.id, other.id)
    assert row["number"] == 4 * AT_ONCE + 2


async def test_of_two_moves_that_make_a_circle_one_happens(ground: SqlGround) -> None:
    for number in range(ROUNDS):
        names = [f"{number}{each}" for each in "abcd"]
        a, b, c, d = names
        one, two = resource(ground, a), resource(ground, c)
        await added(ground, one, resource(ground, b, one), two, resource(ground, d, two))

        assert await outcomes(put(ground, a, d), put(ground, c, b)) == {"done": 1, ResourceCycle.__name__: 1}

    assert not await crooked(ground)


async def test_whatever_is_put_into_something_that_moves_comes_along(ground: SqlGround) -> None:
    tops = [resource(ground, f"top{number}") for number in range(2)]
    middle = resource(ground, "middle", tops[0])
    await added(ground, *tops, middle, *(resource(ground, f"under{number}", middle) for number in range(3)))

    for number in range(ROUNDS):
        ended = await outcomes(
            put(ground, "middle", f"top{(number + 1) % 2}"),
            *(put(ground, f"new{number}-{each}", f"under{each}") for each in range(3)),
            put(ground, f"beside{number}", "middle"),
        )
        assert ended == {"done": 5}

    assert not await crooked(ground)


async def test_of_many_who_register_the_same_none_fails_otherwise_than_by_being_late(ground: SqlGround) -> None:
    await put(ground, "top", None)

    ended = await outcomes(*(put(ground, "same", "top") for _ in range(6)))

    assert ended["done"] >= 1
    assert ended.keys() <= {"done", ConcurrentChange.__name__}
    rows = await ground.rows(
        "SELECT version FROM resources WHERE organization_id = $1 AND external_id = 'same'", ground.organization_id
    )
    assert [each["version"] for each in rows] == [1]

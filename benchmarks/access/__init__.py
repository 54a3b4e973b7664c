"""Decisions: over HTTP, in process, as of now, in batches, as lists, and what remembering them takes."""

from collections.abc import Iterable
from typing import Final

import uvloop

from benchmarks.access import batches, checks, current, lists, memory, over_http, peers, roles
from benchmarks.access.world import add_roles, written
from benchmarks.ground import Ground
from benchmarks.table import Row

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
LISTED: Final = 100_000
ROLES: Final = 100_000


def run(ground: Ground) -> Iterable[Row]:
    """Measure over HTTP first: afterwards the database has other organizations."""
    yield from over_http.run(ground)
    yield from uvloop.run(_in_process(ground))


async def _in_process(ground: Ground) -> list[Row]:
    rows, warm = list[Row](), list[checks.Warm]()
    async with ground.database() as database:
        for grants in SIZES:
            world = await written(database, grants)
            rows.append(Row("access", f"writing {grants:,} grants and resources", f"{world.seconds:.1f} s"))
            if grants == SIZES[-1]:
                lowest = await add_roles(database, world, ROLES)
            warm.append(await checks.warmed(database, world))
            rows += checks.cold(warm[-1])
            rows += peers.run(world)
            if grants == LISTED:
                rows += await lists.run(database, world)
        rows += await checks.run(warm)
        rows += await roles.run(database, world, lowest)
        rows += await current.run(database, world)
        rows += await batches.run(database, world)
        rows += memory.run(ground, world)
    return rows

"""Lists of resources, page by page."""

from statistics import median
from time import perf_counter
from typing import Final

from benchmarks.access.asking import Process
from benchmarks.access.world import PER_PERSON, World, grant
from benchmarks.table import Row
from core.clock import SystemClock
from core.postgres.database import Database
from domain.access.ports import Listing
from domain.kernel.ids import ResourceId, UserId

PAGE: Final = 1_000


async def run(database: Database, world: World) -> list[Row]:
    """List everything that somebody may read: a few, and all."""
    few, everybody = world.people[1], world.people[2]
    await grant(database, world, everybody, [world.reader])
    process = await Process.started(database, world)
    rows = list[Row]()
    for named, person, expected in ((f"{PER_PERSON} of", few, PER_PERSON), ("all of", everybody, len(world.things))):
        times, count = await _listed(process, person)
        assert count == expected
        figure = f"{sum(times) * 1e3:,.0f} ms, p50 {median(times) * 1e3:.1f} ms a page"
        pages = f"{len(times)} pages of {PAGE:,}" if len(times) > 1 else "1 page"
        rows.append(Row("access", f"list {named} {len(world.things):,} resources, {pages}", figure))
    return rows


async def _listed(process: Process, person: UserId) -> tuple[list[float], int]:
    who = (person, process.world.organization)
    listing = Listing(who, who, "document", "document:read", {})
    times, count, after = list[float](), 0, None
    while True:
        began = perf_counter()
        page = await process.decisions.resources(listing, after, PAGE, SystemClock().now())
        times.append(perf_counter() - began)
        count += len(page)
        if len(page) < PAGE:
            return times, count
        after = ResourceId(page[-1][0])

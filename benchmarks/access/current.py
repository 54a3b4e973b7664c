"""Checks as of now, beside the least that can be asked of Postgres."""

import asyncio
from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter
from typing import Any, Final

from benchmarks.access.asking import Process
from benchmarks.access.world import World
from benchmarks.table import Row, Spread
from core.access.engine import NOW
from core.postgres.database import Database
from domain.access.engine.deciding import Outcome, Question, decide

ROUNDS: Final = 7
ALONE: Final = 300
WAITING: Final = 128
BURSTS: Final = 30


async def run(database: Database, world: World) -> list[Row]:
    """Ask both in turn, alone and with many waiting."""
    process = await Process.started(database, world)
    person, thing, now = world.people[0], world.things[0], process.one.clock.now()

    async def asked() -> None:
        await process.engine.refresh(NOW)
        subject, things = await process.engine.known(person, world.organization, (thing,))
        assert subject
        assert decide(subject, Question("document:read", things[thing]), now) is Outcome.ALLOWED

    async def bare() -> None:
        async with database.read() as connection:
            await connection.fetchval("SELECT 1")

    ours, theirs = await _in_turn(asked, bare, 1, ALONE)
    ratio = ours.over(theirs)
    alone = Row(
        "access",
        "check as of now, alone",
        f"p50 {ours.text(0, ' µs')}",
        f"SELECT 1: {theirs.text(0, ' µs')}",
        ratio,
        "≤ 2",
        ratio.middle <= 2,
    )
    ours, theirs = await _in_turn(asked, bare, WAITING, BURSTS)
    together = Row(
        "access",
        f"check as of now, {WAITING} waiting, each",
        ours.text(1, " µs"),
        f"SELECT 1: {theirs.text(1, ' µs')}",
        ours.over(theirs),
        "≤ 30 µs",
        ours.middle <= 30,
    )
    return [alone, together]


async def _in_turn(
    ours: Callable[[], Awaitable[Any]], theirs: Callable[[], Awaitable[Any]], at_once: int, times: int
) -> tuple[Spread, Spread]:
    """Return the medians of each round, in microseconds for each of those at once."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS + 1):
        for figures, work in zip(found, (ours, theirs), strict=True):
            figures.append(median([await _timed(work, at_once) for _ in range(times)]) / at_once * 1e6)
    return Spread(found[0][1:]), Spread(found[1][1:])


async def _timed(work: Callable[[], Awaitable[Any]], at_once: int) -> float:
    began = perf_counter()
    if at_once == 1:
        await work()
    else:
        await asyncio.gather(*(work() for _ in range(at_once)))
    return perf_counter() - began

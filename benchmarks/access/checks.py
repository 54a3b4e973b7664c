"""Single checks in process: how much the number of grants matters."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import median
from time import perf_counter
from typing import Final

from benchmarks.access.asking import Process
from benchmarks.access.world import PER_PERSON, World
from benchmarks.table import Row, Spread
from core.postgres.database import Database
from domain.access.engine.deciding import Outcome, Question, decide

ROUNDS: Final = 7
CHECKS: Final = 3_000
SAME: Final = 1_000
"""Grants that are asked about in each world."""
GROWING: Final = 10
"""One in so many of the grants is asked about in the other working set."""
ROOM: Final = 1_000_000
GOAL: Final = 10.0
"""Microseconds."""


@dataclass
class Warm:
    """A process that knows everything that it is going to be asked."""

    process: Process
    grants: int
    first: Sequence[float]
    """Seconds of the first checks, each of which loads its resource; every twentieth its person too."""

    def times(self, working_set: int, rounds: int) -> list[int]:
        """Return the numbers of the resources that are asked about, in an order of their own."""
        return Random(rounds).choices(range(working_set), k=CHECKS)


async def warmed(database: Database, world: World) -> Warm:
    """Let a process ask everything once."""
    process = await Process.started(database, world, size=ROOM, bound=float("inf"))
    times = list[float]()
    for number in range(SAME):
        asked = process.single(number)
        began = perf_counter()
        found = await process.one(*asked)
        times.append(perf_counter() - began)
        assert found.decision
    for person in range(SAME // PER_PERSON, len(world.things) // GROWING // PER_PERSON):
        assert await process.ask(world.people[person], PER_PERSON, person * PER_PERSON) == PER_PERSON
    return Warm(process, len(world.things), times)


def cold(warm: Warm) -> list[Row]:
    """Say what it takes where something has to be loaded."""
    what = f"check that loads its resource, {warm.grants:,} grants"
    return [Row("access", what, f"p50 {median(warm.first) * 1e3:.2f} ms")]


async def run(warm: Sequence[Warm]) -> list[Row]:
    """Ask all of them in turn."""
    rows = list[Row]()
    for named, goal, sets in (
        ("the same 1,000 grants asked about", 1.2, [SAME for _ in warm]),
        ("one in ten grants asked about", 2.0, [max(each.grants // GROWING, 1) for each in warm]),
    ):
        found: list[list[float]] = [[] for _ in warm]
        for number in range(ROUNDS + 1):
            for times, each, working_set in zip(found, warm, sets, strict=True):
                times.append(await _p50(each, each.times(working_set, number)))
        spreads = [Spread(times[1:]) for times in found]
        rows += _rows(f"check, {named}", goal, warm, spreads)
    rows.append(await _engine_alone(warm[0]))
    return rows


def _rows(what: str, goal: float, warm: Sequence[Warm], spreads: Sequence[Spread]) -> list[Row]:
    least = spreads[0]
    rows = [
        Row(
            "access",
            f"{what}, of {warm[0].grants:,}",
            f"p50 {least.text(1, ' µs')}",
            goal=f"≤ {GOAL:g} µs",
            reached=least.middle <= GOAL,
        )
    ]
    for each, spread in zip(warm[1:], spreads[1:], strict=True):
        ratio = spread.over(least)
        last = each is warm[-1]
        rows.append(
            Row(
                "access",
                f"{what}, of {each.grants:,}",
                f"p50 {spread.text(1, ' µs')}",
                f"of {warm[0].grants:,}: {least.text(1, ' µs')}",
                ratio,
                f"≤ {goal:g}" if last else "-",
                ratio.middle <= goal if last else None,
            )
        )
    return rows


async def _p50(warm: Warm, numbers: Sequence[int]) -> float:
    asked = [warm.process.single(number) for number in numbers]
    times = list[float]()
    for message, actor in asked:
        began = perf_counter()
        found = await warm.process.one(message, actor)
        times.append(perf_counter() - began)
        assert found.decision
    return median(times) * 1e6


async def _engine_alone(warm: Warm) -> Row:
    """Measure what the gate before every use case takes: people and resources by id, without a message."""
    world, engine, now = warm.process.world, warm.process.engine, warm.process.one.clock.now()
    rounds = list[float]()
    for _ in range(ROUNDS):
        times = list[float]()
        for number in warm.times(SAME, 0):
            person, thing = world.people[number // PER_PERSON], world.things[number]
            began = perf_counter()
            await engine.refresh()
            subject, things = await engine.known(person, world.organization, (thing,))
            assert subject
            allowed = decide(subject, Question("document:read", things[thing]), now) is Outcome.ALLOWED
            times.append(perf_counter() - began)
            assert allowed
        rounds.append(median(times) * 1e6)
    spread = Spread(rounds)
    return Row(
        "access",
        "the engine alone, by ids",
        f"p50 {spread.text(1, ' µs')}",
        goal=f"≤ {GOAL:g} µs",
        reached=spread.middle <= GOAL,
    )

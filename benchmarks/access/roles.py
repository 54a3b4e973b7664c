"""Roles: 100,000 of them, eight deep, and a person who holds 5,000 permissions."""

from statistics import median
from time import perf_counter
from typing import Final

from benchmarks.access.asking import Process
from benchmarks.access.world import DEPTH, TABLES, World, grant
from benchmarks.table import Row, Spread
from core.postgres.database import Database
from domain.access.asking import Entity, Evaluation
from domain.access.queries.evaluate_access import EvaluateAccess
from domain.kernel.ids import RoleId, UserId, uuid7

ROUNDS: Final = 7
PEOPLE: Final = 50
MANY: Final = 5_000
EACH: Final = 10
"""Permissions in each of the roles of somebody with many."""


async def run(database: Database, world: World, lowest: list[RoleId]) -> list[Row]:
    """Compare them with a person who was granted what they ask about, directly."""
    deep, wide, plain = world.people[-PEOPLE:], world.people[-PEOPLE - 1], world.people[0]
    for person, role in zip(deep, lowest, strict=False):
        await grant(database, world, person, [role])
    held = [f"thing{number}:read" for number in range(MANY)]
    made = [(RoleId(uuid7()), held[first : first + EACH]) for first in range(0, MANY, EACH)]
    async with database.read() as connection:
        rows = [(role, world.organization, str(role), permissions) for role, permissions in made]
        await connection.copy_records_to_table("roles", columns=TABLES["roles"].split(), records=rows)
    await grant(database, world, wide, [role for role, _ in made])

    process = await Process.started(database, world, bound=float("inf"))
    first = [await _asked(process, person, "report:read") for person in deep]
    compiled = await _asked(process, wide, held[0])
    asked: tuple[list[tuple[UserId, str | None]], ...] = (
        [(plain, None)] * MANY,
        [(deep[number % PEOPLE], "report:read") for number in range(MANY)],
        [(wide, each) for each in held],
    )
    found: tuple[list[float], ...] = ([], [], [])
    for _ in range(ROUNDS + 1):
        for figures, questions in zip(found, asked, strict=True):
            figures.append(median([await _asked(process, *each) for each in questions]) * 1e6)
    base, steps, many = (Spread(each[1:]) for each in found)
    return [
        Row("access", f"check that loads a person with {DEPTH} steps of roles", f"p50 {median(first) * 1e3:.2f} ms"),
        Row("access", f"check that loads a person with {MANY:,} permissions", f"{compiled * 1e3:.1f} ms"),
        _row(f"check through {DEPTH} steps of 100,000 roles", steps, base),
        _row(f"check of one of {MANY:,} permissions", many, base),
    ]


def _row(what: str, spread: Spread, base: Spread) -> Row:
    ratio = spread.over(base)
    beside = f"granted directly: {base.text(1, ' µs')}"
    return Row("access", what, f"p50 {spread.text(1, ' µs')}", beside, ratio, "≤ 1.2", ratio.middle <= 1.2)


async def _asked(process: Process, person: UserId, permission: str | None) -> float:
    """Return how long it takes to hear that they may: on the organization, or on the first of their resources."""
    message = process.question(person, 0)
    if permission:
        about = Entity("organization", str(process.world.organization))
        message = Evaluation(Entity("user", str(person)), permission, about, None, process.where)
    asked, actor = EvaluateAccess(evaluation=message), process.actor(person)
    began = perf_counter()
    found = await process.one(asked, actor)
    seconds = perf_counter() - began
    assert found.decision
    return seconds

"""Many questions at once: from Postgres, and from memory."""

from time import perf_counter
from typing import Final

from benchmarks.access.asking import Process
from benchmarks.access.world import PER_PERSON, World
from benchmarks.table import Row, Spread
from core.postgres.database import Database
from domain.access.queries.evaluate_many import EvaluateMany

ROUNDS: Final = 9
REPEATED: Final = 20
BATCH: Final = 1_000
GOAL: Final = 500_000


async def run(database: Database, world: World) -> list[Row]:
    """Ask about a thousand resources, again and again, and about others each time."""
    process = await Process.started(database, world)
    person = world.people[0]
    message = EvaluateMany(evaluations=[process.question(person, number) for number in range(BATCH)])
    actor, warm = process.actor(person), list[float]()
    for _ in range(ROUNDS + 1):
        began = perf_counter()
        for _ in range(REPEATED):
            found = await process.many(message, actor)
        warm.append(REPEATED * BATCH / (perf_counter() - began))
        assert sum(each.decision for each in found.evaluations) == PER_PERSON
    cold = list[float]()
    for number in range(1, ROUNDS + 2):
        began = perf_counter()
        assert await process.ask(person, BATCH, number * BATCH) == 0
        cold.append(BATCH / (perf_counter() - began))
    return [
        Row(
            "access",
            f"batch of {BATCH:,} from memory, decisions",
            Spread(warm[1:]).text(0, "/s"),
            goal=f"≥ {GOAL:,}/s",
            reached=Spread(warm[1:]).middle >= GOAL,
        ),
        Row("access", f"batch of {BATCH:,} that are loaded, decisions", Spread(cold[1:]).text(0, "/s")),
    ]

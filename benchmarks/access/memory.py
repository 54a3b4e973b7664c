"""What remembering takes: in a process of its own, `python -m benchmarks.access.memory`, filled past its bound."""

import gc
import json
import pickle
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

import psutil
import uvloop

from benchmarks.access.asking import Process
from benchmarks.access.world import PER_PERSON, World
from benchmarks.ground import ROOT, Ground, surroundings
from benchmarks.table import Row
from core.postgres.database import Database
from core.settings import Settings
from domain.access.engine.parts import Name

MEBIBYTE: Final = 2**20
BATCH: Final = 1_000
SIZE: Final = Settings.model_fields["access_parts"].default
STEPS: Final = (1, 2, 4, 6)
"""How many times the size is asked about by then. Two generations and their dicts are full at twice."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the process is to do."""

    url: str
    world: World


def run(ground: Ground, world: World) -> list[Row]:
    """Fill a process, and say what it weighs."""
    assert ground.settings.database_url
    order = Order(ground.settings.database_url.get_secret_value(), world)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.access.memory"],
        input=pickle.dumps(order),
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
        env=surroundings({}),
    )
    empty, *filled = json.loads(done.stdout)
    grown = [each["rss"] - empty["rss"] for each in filled]
    first, bound, last = filled[0], grown[STEPS.index(2)], grown[-1]
    return [
        Row(
            "access",
            f"memory (RSS) of {first['parts']:,} parts and the questions about them",
            f"{grown[0] / MEBIBYTE:.0f} MiB",
            f"{grown[0] / first['parts']:,.0f} bytes each",
        ),
        Row(
            "access",
            f"the same at the bound of {SIZE:,} in two generations, asked about {STEPS[-1] * SIZE:,}",
            f"{last / MEBIBYTE:.0f} MiB",
            f"about {2 * SIZE:,}: {bound / MEBIBYTE:.0f} MiB",
            goal="≤ 1.2 times that",
            reached=last <= 1.2 * bound,
        ),
    ]


async def _fill(order: Order) -> None:
    database = Database(order.url, statement_timeout=60)
    await database.open()
    try:
        world, process = order.world, await Process.started(database, order.world, size=SIZE)
        await process.ask(world.people[0], PER_PERSON)
        told, asked = [_weighed(process)], 0
        for step in STEPS:
            while asked < step * SIZE:
                names = [Name(world.organization, "document", f"d{asked + each}") for each in range(BATCH)]
                people = world.people[asked // PER_PERSON : (asked + BATCH) // PER_PERSON]
                view = await process.decisions.view({(each, world.organization) for each in people}, names)
                assert all(view.things)
                asked += BATCH
            told.append(_weighed(process))
    finally:
        await database.close()
    print(json.dumps(told))


def _weighed(process: Process) -> dict[str, int]:
    gc.collect()
    return {"rss": psutil.Process().memory_info().rss, "parts": process.engine.remembered}


if __name__ == "__main__":
    uvloop.run(_fill(pickle.load(sys.stdin.buffer)))

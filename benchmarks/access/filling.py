"""A process that remembers what it is asked about: `python -m benchmarks.access.filling`. It reads a pickled `Order`.

Writes what it weighed empty, with half a generation, when both were full, and long after that.
"""

import gc
import json
import pickle
import sys

import psutil
import uvloop

from benchmarks.access.asking import Process
from benchmarks.access.memory import BATCH, ENOUGH, FULL, HALF, SIZE, Order
from benchmarks.access.world import PER_PERSON
from core.postgres.database import Database
from domain.access.engine.parts import Name


async def _fill(order: Order) -> None:
    database = Database(order.url, statement_timeout=60)
    await database.open()
    try:
        process, asked = await Process.started(database, order.world, size=SIZE), 0
        await _ask(process, 0)
        told = [_weighed(process, asked)]
        for most in (HALF, FULL, ENOUGH):
            while asked < most:
                await _ask(process, asked)
                asked += BATCH
            told.append(_weighed(process, asked))
    finally:
        await database.close()
    print(json.dumps(told))


async def _ask(process: Process, first: int) -> None:
    world = process.world
    names = [Name(world.organization, "document", f"d{first + each}") for each in range(BATCH)]
    people = world.people[first // PER_PERSON : (first + BATCH) // PER_PERSON]
    view = await process.decisions.view([(each, world.organization) for each in people], names)
    assert all(view.things)
    assert len(view.subjects) == len(people)


def _weighed(process: Process, asked: int) -> dict[str, int]:
    gc.collect()
    rss = psutil.Process().memory_info().rss
    return {"rss": rss, "parts": process.engine.remembered, "asked": asked}


if __name__ == "__main__":
    uvloop.run(_fill(pickle.load(sys.stdin.buffer)))

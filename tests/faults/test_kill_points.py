"""At whatever moment a process is killed: nothing is lost, nothing invented, in order, repeated only with the same id."""

import asyncio
import random
import signal
from collections.abc import Callable
from uuid import UUID

import asyncpg
import pytest

from tests.faults.conftest import LONG, Cluster
from tests.faults.delivering import PEOPLE, Writers, judge, prepare, settled
from tests.faults.dying import COMMANDS, WORKERS
from tests.support.facts import until

pytestmark = pytest.mark.faults

ROUNDS = 12 if LONG else 1
FACTS = "SELECT id, aggregate_id FROM events WHERE type = 'identity.user.deactivated'"


async def commanded(cluster: Cluster, point: str) -> tuple[set[UUID], UUID]:
    """Return whose commands were answered, and whose was the last."""
    said: list[tuple[str, UUID]] = []
    sender = await cluster.hire(point, str(random.randint(1, 20)))
    assert sender.stdout
    async for line in sender.stdout:
        word, person = line.decode().split()
        said.append((word, UUID(person)))
    assert await sender.wait() == -signal.SIGKILL
    word, last = said[-1]
    assert word == "begun"
    return {person for word, person in said if word == "done"}, last


@pytest.mark.timeout(3600 if LONG else 600)
async def test_e4_nothing_is_lost_at_whatever_moment_a_process_dies(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    database = await prepare(cluster, 0)
    writers = Writers(database, 10**9, 400 if LONG else 60)
    writing = asyncio.create_task(writers.run())
    answered: set[UUID] = set()
    gone: set[UUID] = set()
    there: set[UUID] = set()
    for _ in range(ROUNDS):
        for point in random.sample(COMMANDS, len(COMMANDS)):
            done, last = await commanded(cluster, point)
            answered |= done
            (gone if point == "before-commit" else there).add(last)
        for point in random.sample(WORKERS, len(WORKERS)):
            worker = await cluster.hire(point, str(random.randint(1, 30 if point == "after-confirm" else 5)))
            assert await asyncio.wait_for(worker.wait(), 60) == -signal.SIGKILL, point
    await cluster.hire()
    writers.total = 100_000 if LONG else 0
    await writing
    connection = await asyncpg.connect(cluster.url)
    await until(lambda: settled(cluster), 120)
    people = {row["id"] for row in await connection.fetch("SELECT id FROM users")}
    facts = {row["aggregate_id"]: row["id"] for row in await connection.fetch(FACTS)}
    await connection.close()
    assert facts.keys() == answered | there, "commands that were answered, or died after their commit"
    assert facts.keys() & gone == set(), "rolled back, and announced"
    assert people == facts.keys() | set(PEOPLE), "somebody is there and was not announced"
    writers.acked |= set(facts.values())
    record_property("killed", ROUNDS * (len(COMMANDS) + len(WORKERS)))
    await judge(cluster, writers, record_property)


@pytest.mark.parametrize("ahead", [-86_400, 86_400])
async def test_e5_clocks_that_jump_change_no_order(
    cluster: Cluster, ahead: int, record_property: Callable[[str, object], None]
) -> None:
    """Two relays disagree about the time by a day, and the database's clock goes back and forth meanwhile."""
    database = await prepare(cluster, 1)
    await cluster.hire("clock", str(ahead))
    writers = Writers(database, 4000 if LONG else 400, 200 if LONG else 60)
    writing = asyncio.create_task(writers.run())
    connection = await asyncpg.connect(cluster.url)
    moment = "ALTER TABLE outbox ALTER occurred_at SET DEFAULT clock_timestamp() + interval '{} seconds'"
    while not writing.done():
        for jump in (ahead, 0, -ahead):
            await connection.execute(moment.format(jump))
            await asyncio.sleep(0.3)
    await writing
    await connection.close()
    await judge(cluster, writers, record_property)

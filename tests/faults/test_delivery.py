"""Whatever is killed, every commit arrives: none lost, none invented, in order, repeated only with the same id."""

import asyncio
import random
import signal
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from core.postgres.loss import POSTGRES_LOST
from tests.faults.conftest import LONG, Cluster
from tests.faults.delivering import Writers, judge, prepare, settled
from tests.support.facts import slots_held, until

pytestmark = pytest.mark.faults

JOBS = """
INSERT INTO jobs (id, name, payload)
SELECT gen_random_uuid(), 'note', '{"text": "hello"}' FROM generate_series(1, $1) RETURNING id
"""


async def test_e5_nothing_is_lost_when_anything_is_killed(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    database = await prepare(cluster, 2)
    victims = ["worker", "rabbit", "worker", "postgres"] if not LONG else ["worker", "worker", "postgres", "rabbit"] * 6

    async def worker() -> None:
        await cluster.lose(random.choice(cluster.workers))
        await cluster.hire()

    async def again(server: Any) -> None:
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)

    blows: dict[str, Callable[[], Awaitable[None]]] = {
        "worker": worker,
        "rabbit": lambda: again(cluster.rabbit),
        "postgres": lambda: again(cluster.postgres),
    }
    writers = Writers(database, 20_000 if LONG else 1500, 400 if LONG else 100)
    writing = asyncio.create_task(writers.run())
    for victim in victims:
        await asyncio.sleep(random.uniform(0.5, 1.5))
        await blows[victim]()
    await writing
    await judge(cluster, writers, record_property)


async def test_e16_nothing_is_lost_while_the_broker_is_frozen(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    database = await prepare(cluster, 1)
    writers = Writers(database, 12_000 if LONG else 1000, 400 if LONG else 80)
    writing = asyncio.create_task(writers.run())
    await asyncio.sleep(1)
    cluster.rabbit.stall()
    await asyncio.sleep(25 if LONG else 8)
    cluster.rabbit.resume()
    await writing
    await judge(cluster, writers, record_property)


async def test_another_worker_delivers_for_one_that_is_frozen(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    """Its connections stay open, and nobody would know: what is promised is that this ends within ten seconds."""
    database = await prepare(cluster, 2)
    connection = await asyncpg.connect(cluster.url)

    async def shared() -> bool:
        return await slots_held(connection) == [4, 4]

    await until(shared)
    await connection.close()
    writers = Writers(database, 400, 100)
    writing = asyncio.create_task(writers.run())
    cluster.workers[0].send_signal(signal.SIGSTOP)
    await writing
    await until(lambda: settled(cluster), 40)
    await judge(cluster, writers, record_property)


async def jobs_left(cluster: Cluster) -> bool:
    """Whether no job is left; leases of the dead are ended here, which takes two minutes otherwise."""
    try:
        connection = await asyncpg.connect(cluster.url, timeout=5)
        await connection.execute("UPDATE jobs SET run_at = now() WHERE run_at < now() + interval '110 seconds'")
        left = await connection.fetchval("SELECT count(*) FROM jobs")
        await connection.close()
    except POSTGRES_LOST:
        return True
    return bool(left)


async def test_no_job_is_lost_when_worker_or_broker_are_killed(cluster: Cluster) -> None:
    await prepare(cluster, 2)
    count = 3000 if LONG else 600
    connection = await asyncpg.connect(cluster.url)
    await connection.execute("CREATE TABLE noted (job uuid NOT NULL)")
    jobs = {row["id"] for row in await connection.fetch(JOBS, count)}
    await cluster.lose(cluster.workers[0])
    await cluster.hire()
    await asyncio.to_thread(cluster.rabbit.kill)
    await asyncio.to_thread(cluster.rabbit.start)
    await cluster.lose(cluster.workers[0])
    await cluster.hire()

    async def done() -> bool:
        return not await jobs_left(cluster)

    await until(done, 120)
    noted = Counter(row["job"] for row in await connection.fetch("SELECT job FROM noted"))
    assert noted.keys() == jobs
    await connection.close()


@pytest.mark.parametrize("lost", ["nothing", "postgres", "rabbit"])
async def test_e15_a_worker_stops_within_ten_seconds_whatever_is_frozen(cluster: Cluster, lost: str) -> None:
    database = await prepare(cluster, 1)
    (worker,) = cluster.workers
    await Writers(database, 50, 400).run()
    await until(lambda: settled(cluster))
    servers = {"postgres": cluster.postgres, "rabbit": cluster.rabbit}
    if lost in servers:
        servers[lost].stall()
    try:
        assert await stop(worker) < 10
    finally:
        if lost in servers:
            servers[lost].resume()
    assert worker.returncode == 0


async def stop(worker: Process) -> float:
    """Return how many seconds a worker takes to stop."""
    started = time.monotonic()
    worker.terminate()
    await asyncio.wait_for(worker.wait(), 20)
    return time.monotonic() - started

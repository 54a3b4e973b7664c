"""Whatever is killed, every commit arrives: none lost, none invented, in order, repeated only with the same id."""

import asyncio
import json
import random
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aio_pika
import asyncpg
import pytest

from core.postgres.database import Database
from core.postgres.loss import POSTGRES_LOST
from core.rabbit.topology import broker
from tests.faults.conftest import LONG, Cluster
from tests.support.facts import state, until
from tests.support.subscriber import disorder

pytestmark = pytest.mark.faults

PEOPLE = [UUID(int=number + 1) for number in range(50)]
PEOPLE_ROWS = """
INSERT INTO users SELECT id, id::text, true, NULL, NULL, true, 1, now(), now(), 0 FROM unnest($1::uuid[]) AS id
"""
RENAME = "UPDATE users SET full_name = 'Ada', version = version + 1 WHERE id = $1 RETURNING version"
STEPS = """
SELECT count(*) FROM (
    SELECT aggregate_version - lag(aggregate_version, 1, 0::bigint) OVER (PARTITION BY aggregate_id ORDER BY position) AS step
    FROM events
) s WHERE step <> 1
"""


@dataclass
class Writers:
    """Commit facts at a rate, as commands do; a commit whose outcome is unknown is not repeated."""

    database: Database
    total: int
    rate: float
    acked: set[UUID] = field(default_factory=set)
    unknown: set[UUID] = field(default_factory=set)

    async def run(self) -> None:
        """Return when `total` commits were acknowledged."""
        started, numbers = time.monotonic(), iter(range(10**9))
        await asyncio.gather(*(self._work(started, numbers) for _ in range(8)))

    async def _work(self, started: float, numbers: Iterator[int]) -> None:
        connection = None
        while len(self.acked) < self.total:
            await asyncio.sleep(max(0.0, started + next(numbers) / self.rate - time.monotonic()))
            fact = None
            try:
                connection = connection or await self.database.connect()
                async with connection.transaction():
                    person = random.choice(PEOPLE)
                    fact = await state(connection, person, await connection.fetchval(RENAME, person))
                self.acked.add(fact)
            except POSTGRES_LOST:
                if fact:
                    self.unknown.add(fact)
                if connection:
                    connection.terminate()
                connection = None
                await asyncio.sleep(0.1)
        if connection:
            await connection.close()


async def settled(cluster: Cluster) -> bool:
    """Whether everything committed is confirmed by the broker."""
    try:
        connection = await asyncpg.connect(cluster.url, timeout=5)
        left = await connection.fetchval("SELECT count(*) FROM outbox")
        behind = await connection.fetchval(
            "SELECT count(*) FROM delivery_cursors WHERE position < (SELECT position FROM log_head)"
        )
        await connection.close()
    except POSTGRES_LOST:
        return False
    return bool(left == 0 and behind == 0)


async def bind(cluster: Cluster) -> None:
    """Bind a durable queue that nobody consumes: what is in it lies there as it was published."""
    async with broker(cluster.rabbit.url, cluster.name), await aio_pika.connect(cluster.rabbit.url) as amqp:
        channel = await amqp.channel()
        queue = await channel.declare_queue(f"{cluster.name}.kept", durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(cluster.name, "identity.#")


async def drain(cluster: Cluster) -> list[dict[str, Any]]:
    """Return everything that is in the queue, in its order."""
    events: list[dict[str, Any]] = []
    async with await aio_pika.connect(cluster.rabbit.url) as amqp:
        channel = await amqp.channel()
        await channel.set_qos(prefetch_count=500)
        queue = await channel.declare_queue(f"{cluster.name}.kept", passive=True)
        left = queue.declaration_result.message_count or 0
        async with queue.iterator() as messages:
            while len(events) < left:
                message = await anext(messages)
                events.append(json.loads(message.body))
                await message.ack()
    return events


async def judge(cluster: Cluster, writers: Writers, record: Callable[[str, object], None]) -> None:
    """Compare what was acknowledged, what is in the log, and what the broker has."""
    await until(lambda: settled(cluster), 120)
    connection = await asyncpg.connect(cluster.url)
    rows = await connection.fetch("SELECT id, position FROM events ORDER BY position")
    steps = await connection.fetchval(STEPS)
    parked = await connection.fetchval("SELECT count(*) FROM parked_events")
    await connection.close()
    logged = {row["id"] for row in rows}
    events = await drain(cluster)
    arrived = Counter(UUID(event["id"]) for event in events)
    assert writers.acked - logged == set(), "acknowledged and not in the log"
    assert logged - writers.acked - writers.unknown == set(), "in the log and never stated"
    assert logged - arrived.keys() == set(), "in the log and never delivered"
    assert arrived.keys() - logged == set(), "delivered and not in the log"
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    assert (steps, disorder(events), parked) == (0, 0, 0)
    by_id = {UUID(event["id"]): int(event["sequence"]) for event in events}
    assert by_id == {row["id"]: row["position"] for row in rows}
    record("doubles", len(events) - len(arrived))
    record("events", len(arrived))


async def prepare(cluster: Cluster, workers: int) -> Database:
    await bind(cluster)
    connection = await asyncpg.connect(cluster.url)
    await connection.execute(PEOPLE_ROWS, PEOPLE)
    await connection.close()
    for _ in range(workers):
        await cluster.hire()
    return Database(cluster.url)


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
    await connection.execute(
        "INSERT INTO jobs (id, name, payload) SELECT gen_random_uuid(), 'note', '{\"text\": \"hello\"}' FROM generate_series(1, $1)",
        count,
    )
    jobs = {row["id"] for row in await connection.fetch("SELECT id FROM jobs")}
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

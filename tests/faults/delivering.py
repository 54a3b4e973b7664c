"""Commits between which everything is killed, and what is compared afterwards."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aio_pika
import asyncpg

from core.postgres.database import Database
from core.postgres.loss import POSTGRES_LOST
from core.postgres.sequencer import SLOTS
from core.rabbit.topology import broker
from tests.faults.conftest import Cluster
from tests.support.databases import patient
from tests.support.facts import state, until
from tests.support.kept import counted
from tests.support.subscriber import disorder

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
        reached = await connection.fetchval(
            "SELECT count(*) FROM delivery_cursors WHERE position >= (SELECT position FROM log_head)"
        )
        await connection.close()
    except POSTGRES_LOST:
        return False
    return bool(left == 0 and reached == SLOTS)  # before the first relay there are no cursors


async def bind(cluster: Cluster) -> None:
    """Bind a durable queue that nobody consumes: what is in it lies there as it was published."""
    async with broker(cluster.rabbit.url, cluster.name), await aio_pika.connect(cluster.rabbit.url) as amqp:
        channel = await amqp.channel()
        queue = await channel.declare_queue(f"{cluster.name}.kept", durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(cluster.name, "identity.#")


async def drain(cluster: Cluster, least: int) -> list[dict[str, Any]]:
    """Return everything that is in the queue, in its order; there should be `least`."""
    events: list[dict[str, Any]] = []
    async with await aio_pika.connect(cluster.rabbit.url) as amqp:
        channel = await amqp.channel()
        await channel.set_qos(prefetch_count=500)
        left = await counted(channel, f"{cluster.name}.kept", least)
        queue = await channel.get_queue(f"{cluster.name}.kept")
        async with queue.iterator() as messages:
            # Just after a broker was killed the count lacks what the queue's leader does not know to be committed yet.
            with suppress(TimeoutError):
                while True:
                    async with asyncio.timeout(None if len(events) < left else 3):
                        message = await anext(messages)
                    events.append(json.loads(message.body))
                    await message.ack()
    return events


async def left_over(cluster: Cluster) -> str:
    """Say what lies at the broker besides."""
    async with await aio_pika.connect(cluster.rabbit.url) as amqp:
        channel = await amqp.channel()
        names = (f"{cluster.name}.kept", f"{cluster.name}.unrouted")
        counts = [(await channel.declare_queue(each, passive=True)).declaration_result.message_count for each in names]
    return f"{counts[0]} are left in the queue, {counts[1]} went nowhere"


async def judge(cluster: Cluster, writers: Writers, record: Callable[[str, object], None]) -> None:
    """Compare what was acknowledged, what is in the log, and what the broker has."""
    await until(lambda: settled(cluster), 120)
    connection = await asyncpg.connect(cluster.url)
    rows = await connection.fetch("SELECT id, position FROM events ORDER BY position")
    steps = await connection.fetchval(STEPS)
    parked = [row["reason"] for row in await connection.fetch("SELECT reason FROM parked_events")]
    await connection.close()
    logged = {row["id"] for row in rows}
    events = await drain(cluster, len(rows))
    arrived = Counter(UUID(event["id"]) for event in events)
    assert writers.acked - logged == set(), "acknowledged and not in the log"
    assert logged - writers.acked - writers.unknown == set(), "in the log and never stated"
    missed = [row["position"] for row in rows if row["id"] not in arrived]
    assert missed == [], (
        f"in the log and never delivered: {len(missed)} of {len(rows)}, from {missed[0]} to {missed[-1]}; "
        f"{len(events)} arrived, {await left_over(cluster)}, {len(parked)} are parked: {parked[:1]}"
    )
    assert arrived.keys() - logged == set(), "delivered and not in the log"
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    assert (steps, disorder(events), parked) == (0, 0, [])
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
    return patient(cluster.url)

"""Without its broker, or with a consumer that takes nothing, the service and the other consumers notice nothing."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage

from tests.faults.conftest import LONG, Cluster
from tests.faults.delivering import Writers, judge, prepare
from tests.support.facts import until
from tests.support.service import PASSWORD, Service, Stack, deployed

pytestmark = pytest.mark.faults

SETTLED = """
SELECT count(*) = 8 AND NOT EXISTS (SELECT FROM outbox) FROM delivery_cursors
WHERE position >= (SELECT position FROM log_head)
"""
LIMIT = 5
"""How often the queue of the poisoned consumer delivers one event."""


async def sign_ups(service: Service, name: str, count: int) -> list[float]:
    """Return how many seconds each sign-up took, two at a time."""
    seconds: list[float] = []
    numbers = iter(range(count))

    async def client() -> None:
        async with service.caller(patience=30) as call:
            for number in numbers:
                began = time.monotonic()
                made = await call(
                    "POST", "/auth/signup", {"email": f"{name}{number}@example.org", "password": PASSWORD}
                )
                assert made.status == 201, made
                seconds.append(time.monotonic() - began)

    await asyncio.gather(client(), client())
    return sorted(seconds)


def p99(seconds: list[float]) -> float:
    return seconds[len(seconds) * 99 // 100]


async def test_e5_signing_up_takes_as_long_without_the_broker(
    stack: Stack, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    count, rounds = (1500, 2) if LONG else (60, 1)
    up: list[float] = []
    down: list[float] = []
    async with deployed(stack, tmp_path, brokered=True) as service:
        await asyncio.to_thread(service.hire)
        await sign_ups(service, "first", 10)
        for number in range(rounds):
            up += await sign_ups(service, f"up{number}", count)
            await asyncio.to_thread(stack.rabbit.kill)
            try:
                down += await sign_ups(service, f"down{number}", count)
            finally:
                await asyncio.to_thread(stack.rabbit.start)

        async def delivered() -> bool:
            async with service.sql() as connection:
                return bool(await connection.fetchval(SETTLED))

        await until(delivered, 120)
    up.sort()
    down.sort()
    record_property("p99 with the broker", f"{1000 * p99(up):.0f} ms")
    record_property("p99 without it", f"{1000 * p99(down):.0f} ms")
    # Of sixty the 99th percentile is the slowest, which tells of the machine.
    typical = p99 if LONG else median
    assert typical(down) < 5 * typical(up) + 1


async def test_i18_a_poisoned_consumer_holds_up_nobody_else(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    """It refuses one event for ever: after five deliveries that lies aside, and everything else has arrived."""
    database = await prepare(cluster, 1)
    seen: list[str] = []
    poison = ""

    async def refuse(message: AbstractIncomingMessage) -> None:
        nonlocal poison
        poison = poison or str(message.message_id)
        seen.append(str(message.message_id))
        await (message.nack(requeue=True) if message.message_id == poison else message.ack())

    async with await aio_pika.connect(cluster.rabbit.url) as amqp:
        channel = await amqp.channel()
        dead = await channel.declare_queue(f"{cluster.name}.dead", durable=True, arguments={"x-queue-type": "quorum"})
        queue = await channel.declare_queue(
            f"{cluster.name}.poisoned",
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": LIMIT,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": dead.name,
            },
        )
        await queue.bind(cluster.name, "identity.#")
        await queue.consume(refuse)
        writers = Writers(database, 5000 if LONG else 200, 200 if LONG else 60)
        await writers.run()
        await judge(cluster, writers, record_property)

        async def drained() -> bool:
            return len(set(seen)) == len(writers.acked)

        await until(drained)
        assert seen.count(poison) == LIMIT + 1
        async with dead.iterator(timeout=20) as messages:
            aside = await anext(messages)
            assert aside.message_id == poison
            await aside.ack()

"""A queue that refuses what it is sent is the trouble of its own subscriber, and of nobody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractQueue

from core.postgres.database import Database
from core.rabbit.errand import Errand
from core.rabbit.parked import Retrying, parked_events
from core.rabbit.relay import Relay
from tests.support.facts import fill, until
from tests.support.running import running
from tests.support.subscriber import Subscriber, disorder, subscribed

SETTLED = "SELECT min(position) = (SELECT max(position) FROM events) FROM delivery_cursors"


@asynccontextmanager
async def beside(subscriber: Subscriber, room: int) -> AsyncIterator[AbstractQueue]:
    """Bind a queue with room for so many messages, which refuses more of them."""
    async with await aio_pika.connect(subscriber.url) as amqp:
        channel = await amqp.channel()
        limits: dict[str, Any] = {"x-max-length": room, "x-overflow": "reject-publish"}
        queue = await channel.declare_queue(f"{subscriber.queue}-full", durable=True, arguments=limits)
        await queue.bind(subscriber.exchange, subscriber.pattern)
        try:
            yield queue
        finally:
            await queue.delete(if_unused=False, if_empty=False)


async def test_a_full_queue_that_refuses_holds_up_nobody_and_gets_later_what_it_missed(
    database: Database, connection: Any, rabbitmq_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(database.url, 300, 60)
    async with subscribed(rabbitmq_url) as subscriber, beside(subscriber, 150) as full:
        errand = Errand(exchange=subscriber.exchange, refusals=2, in_flight=64)

        async def settled() -> bool:
            return bool(await connection.fetchval(SETTLED))

        async with running(Relay(database, rabbitmq_url, errand)):
            await until(settled)

            async def arrived() -> bool:
                return len(subscriber.ids) == 300

            await until(arrived)
        assert disorder(subscriber.events) == 0
        assert "the relay starts again" not in caplog.text
        parked = await parked_events(database, errand.sink)
        kept = {str(message.message_id) for message in await taken(full)}
        # The queue may take more than it has room for, at most what is under way: it counts when it has written them.
        assert 150 <= len(kept) <= 150 + errand.in_flight
        assert {each.reason for each in parked} == {"a queue that it goes to refused it 2 times"}
        assert {str(each.id) for each in parked} | kept == subscriber.ids
        assert await Retrying(database, rabbitmq_url, errand)([each.position for each in parked]) == [
            each.position for each in parked
        ]
        assert kept | {str(message.message_id) for message in await taken(full)} == subscriber.ids
        assert await parked_events(database, errand.sink) == []


async def taken(queue: AbstractQueue) -> list[Any]:
    """Take what is in the queue, which so has room again."""
    found = list[Any]()
    while message := await queue.get(no_ack=True, fail=False):
        found.append(message)
    return found


async def test_what_is_refused_for_a_moment_only_arrives(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    await fill(database.url, 20, 10)
    async with subscribed(rabbitmq_url) as subscriber, beside(subscriber, 3) as narrow:
        kept = set[str]()

        async def drain() -> None:
            while True:
                kept.update(str(message.message_id) for message in await taken(narrow))
                await asyncio.sleep(0.01)

        async def arrived() -> bool:
            return len(kept) == 20

        errand = Errand(exchange=subscriber.exchange, refusals=100)
        async with running(Relay(database, rabbitmq_url, errand)):
            draining = asyncio.create_task(drain())
            await until(arrived)
            draining.cancel()
        assert await parked_events(database, errand.sink) == []
        assert disorder(subscriber.events) == 0

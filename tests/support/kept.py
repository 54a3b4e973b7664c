"""A queue that nobody consumes, and what of the log is to be put into it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from core.rabbit.replay import Replay
from domain.events.ports import EVERYTHING, Wanted
from domain.events.reading import Course
from domain.events.schemas import FeedCursor
from domain.kernel.ids import uuid7
from tests.support.subscriber import disorder

HEAD = "SELECT log_id, position FROM log_head"


@dataclass
class Kept:
    """A queue that nobody consumes: what is in it lies there as it was published."""

    url: str
    name: str

    async def messages(self, count: int) -> list[AbstractIncomingMessage]:
        """Take `count` messages out, and make sure that there are no more."""
        found: list[AbstractIncomingMessage] = []
        async with await aio_pika.connect(self.url) as amqp:
            queue = await (await amqp.channel()).get_queue(self.name)
            async with asyncio.timeout(60), queue.iterator(no_ack=True) as messages:
                while len(found) < count:
                    found.append(await anext(messages))
            assert await queue.get(fail=False) is None
        return found

    async def events(self, count: int) -> list[dict[str, Any]]:
        """Take `count` events out."""
        return [json.loads(message.body) for message in await self.messages(count)]


@asynccontextmanager
async def kept(url: str, **arguments: Any) -> AsyncIterator[Kept]:
    """Declare a queue, and delete it in the end."""
    name = f"test-replay-{uuid7()}"
    async with await aio_pika.connect(url) as amqp:
        channel = await amqp.channel()
        await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum", **arguments})
    try:
        yield Kept(url, name)
    finally:
        with suppress(OSError):  # a test may have killed the broker
            async with await aio_pika.connect(url) as amqp:
                await (await amqp.channel()).queue_delete(name)


async def course(connection: Any, after: int = 0, wanted: Wanted = EVERYTHING) -> Course:
    """Return what is `wanted` of the log after a position."""
    log, head = await connection.fetchrow(HEAD)
    return Course(FeedCursor(log, after), head, wanted)


def sequences(events: list[dict[str, Any]]) -> list[int]:
    """Return the positions of events."""
    return [int(event["sequence"]) for event in events]


async def moved(replay: Replay, share: int) -> bool:
    """Tell whether so many are confirmed."""
    return replay.sent >= share


async def counted(channel: AbstractChannel, name: str, least: int) -> int:
    """Return how many messages are in a queue of which `least` should be, or however many after half a minute.

    The leader of a quorum queue has a quarter of a second to say; when it is late, the broker says that there are none.
    """
    ends = time.monotonic() + 30
    while True:
        found = (await channel.declare_queue(name, passive=True)).declaration_result.message_count or 0
        if found >= least or time.monotonic() > ends:
            return found
        await asyncio.sleep(0.1)


async def judged(connection: Any, queue: Kept) -> None:
    """Fail unless everything is in the queue, in order, and twice only with the same id."""
    logged = await connection.fetch("SELECT id::text, position FROM events")
    async with await aio_pika.connect(queue.url) as amqp:
        there = await counted(await amqp.channel(), queue.name, len(logged))
    events = await queue.events(there)
    assert {event["id"]: int(event["sequence"]) for event in events} == {row["id"]: row["position"] for row in logged}
    assert disorder(events) == 0

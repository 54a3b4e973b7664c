"""A subscriber that writes down what it receives."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from core.rabbit.topology import broker
from domain.kernel.ids import uuid7


@dataclass
class Subscriber:
    """Binds a queue of its own and reconnects for ever."""

    url: str
    exchange: str
    pattern: str = "identity.#"
    queue: str = field(default_factory=lambda: f"test-{uuid7()}")
    messages: list[AbstractIncomingMessage] = field(default_factory=list)
    bound: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every delivery, repetitions included."""
        return [json.loads(message.body) for message in self.messages]

    @property
    def doubles(self) -> int:
        """How many came again, apart from those that the broker delivers once more to whom it had lost."""
        return sum(not message.redelivered for message in self.messages) - len(
            {message.message_id for message in self.messages if not message.redelivered}
        )

    @property
    def ids(self) -> set[str]:
        """The ids of what has arrived."""
        return {message.message_id or "" for message in self.messages}

    async def run(self) -> None:
        """Consume until cancelled."""
        while True:
            with suppress(Exception):
                await self._consume()
            if (task := asyncio.current_task()) and task.cancelling():
                return
            await asyncio.sleep(0.2)

    async def _consume(self) -> None:
        connection = await aio_pika.connect(self.url, timeout=5, heartbeat=5)
        try:
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=200)
            exchange = await channel.declare_exchange(
                self.exchange, "topic", durable=True, arguments={"alternate-exchange": f"{self.exchange}.unrouted"}
            )
            queue = await channel.declare_queue(self.queue, durable=True, arguments={"x-queue-type": "quorum"})
            await queue.bind(exchange, self.pattern)
            self.bound.set()
            async with queue.iterator() as messages:
                async for message in messages:
                    self.messages.append(message)
                    await message.ack()
        finally:
            with suppress(Exception, asyncio.CancelledError):
                await asyncio.wait_for(connection.close(), 1)

    async def leave(self) -> None:
        """Remove the queue alone: the exchange is somebody else's."""
        connection = await aio_pika.connect(self.url, timeout=5)
        async with connection:
            await (await connection.channel()).queue_delete(self.queue)

    async def delete(self) -> None:
        """Remove queue and exchanges."""
        connection = await aio_pika.connect(self.url, timeout=5)
        async with connection:
            channel = await connection.channel()
            for queue in (self.queue, f"{self.exchange}.unrouted"):
                await channel.queue_delete(queue)
            for exchange in (self.exchange, f"{self.exchange}.unrouted"):
                await channel.exchange_delete(exchange)


@asynccontextmanager
async def subscribed(url: str, pattern: str = "identity.#") -> AsyncIterator[Subscriber]:
    """Run a subscriber whose queue is bound to an exchange of its own; remove both in the end."""
    subscriber = Subscriber(url, f"test-events-{uuid7()}", pattern)
    task = asyncio.create_task(subscriber.run())
    try:
        await asyncio.wait_for(subscriber.bound.wait(), 20)
        yield subscriber
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await subscriber.delete()


def disorder(events: list[dict[str, Any]]) -> int:
    """Count the first deliveries that came after a later event of the same aggregate."""
    newest: dict[str, int] = defaultdict(int)
    seen: set[str] = set()
    late = 0
    for event in events:
        if event["id"] not in seen:
            seen.add(event["id"])
            late += event["aggregateversion"] < newest[event["subject"]]
            newest[event["subject"]] = max(newest[event["subject"]], event["aggregateversion"])
    return late


async def published(url: str, exchange: str, *events: Mapping[str, Any]) -> None:
    """Publish events, each under its type, to an exchange that is there."""
    async with await aio_pika.connect(url) as amqp:
        there = await (await amqp.channel()).get_exchange(exchange, ensure=False)
        for event in events:
            await there.publish(aio_pika.Message(json.dumps(event).encode(), delivery_mode=2), event["type"])


@asynccontextmanager
async def lent(url: str, name: str) -> AsyncIterator[None]:
    """Have an exchange of that name for the block; it goes in the end, with the queues that a consumer has there."""
    async with broker(url, name):
        yield
    async with await aio_pika.connect(url) as amqp:
        channel = await amqp.channel()
        for end in ("", ".dead", ".unrouted"):
            await channel.queue_delete(name + end)
            await channel.exchange_delete(name + end)

"""A service of its own that follows what Gatewright announces about people."""

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from examples.user_service.feed import Feed, Refused
from examples.user_service.projection import Projection, read

PATTERN: Final = "identity.user.*"
PATIENCE: Final = 20
"""Seconds that the feed is asked to wait for something new."""
LEAST: Final = 0.5
MOST: Final = 30.0
"""Seconds between two attempts to reach a feed that does not answer."""
DELIVERIES: Final = 5
"""How often a message is delivered again before it goes to the dead letters."""
log = logging.getLogger("user_service")


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Keep a queue bound to the events of people, and apply what arrives."""

    url: str
    exchange: str
    queue: str
    projection: Projection
    feed: Feed | None

    async def run(self) -> None:
        """Consume until cancelled; connect again whenever the broker went away. Raise `Refused`."""
        while True:
            try:
                await self._consume()
            except Refused:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it was, it may be gone next time
                log.warning("connects again: %s", type(error).__name__)
            except asyncio.CancelledError:
                # aio-pika cancels what waits for a lost broker; only a stop is counted by `cancelling`.
                if (task := asyncio.current_task()) and task.cancelling():
                    raise
            await asyncio.sleep(0.5)

    async def _consume(self) -> None:
        connection = await aio_pika.connect(self.url, timeout=5, heartbeat=10)
        try:
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=50)
            queue = await self._declare(channel)
            if self.feed:
                # After the queue is bound: what is announced meanwhile arrives twice, and the inbox sees that.
                new = await asyncio.to_thread(self.feed.catch_up, self.projection)
                print(f"caught up: {new} new events", flush=True)
            print("ready", flush=True)
            async with queue.iterator() as messages:
                async for message in messages:
                    await self._take(message)
        finally:
            with suppress(Exception, asyncio.CancelledError):
                async with asyncio.timeout(2):
                    await connection.close()

    async def _declare(self, channel: aio_pika.abc.AbstractChannel) -> AbstractQueue:
        dead = f"{self.queue}.dead"
        letters = await channel.declare_exchange(dead, aio_pika.ExchangeType.FANOUT, durable=True)
        kept = await channel.declare_queue(dead, durable=True, arguments={"x-queue-type": "quorum"})
        await kept.bind(letters)
        queue = await channel.declare_queue(
            self.queue,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": DELIVERIES,
                "x-dead-letter-exchange": dead,
            },
        )
        # The exchange is Gatewright's: declared by its relay, with arguments that are none of our business.
        await queue.bind(self.exchange, PATTERN)
        return queue

    async def _take(self, message: AbstractIncomingMessage) -> None:
        """Apply and acknowledge; what fails is delivered again, and after too many times kept aside by the broker."""
        try:
            event = read(message.body)
            new = self.projection.take(event)
        except Exception as error:  # noqa: BLE001 - one bad message must not stop the others
            log.warning("cannot apply message %s: %s", message.message_id, type(error).__name__)
            await asyncio.sleep(0.05)
            await message.nack(requeue=True)
            return
        if new:
            tell(event)
        await message.ack()


@dataclass(frozen=True, slots=True)
class Follower:
    """Do without a broker: ask the feed again and again, which answers as soon as there is something."""

    projection: Projection
    feed: Feed

    async def run(self) -> None:
        """Follow until cancelled; ask ever less often while the feed does not answer. Raise `Refused`."""
        print("ready", flush=True)
        pause = LEAST
        while True:
            try:
                for event in await asyncio.to_thread(self.feed.take, self.projection, PATIENCE):
                    if event:
                        tell(event)
                pause = LEAST
            except OSError as error:
                log.warning("asks again in %g seconds: %s", pause, error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, MOST)


def tell(event: dict[str, Any]) -> None:
    """Print who is new."""
    if event["type"] == "identity.user.created":
        print(f"UserCreated {event['aggregateid']} {event['data']['email']}", flush=True)


async def main() -> str | None:
    """Run until SIGTERM or SIGINT, or return why that makes no sense."""
    url, token = os.environ.get("GATEWRIGHT_URL"), os.environ.get("GATEWRIGHT_TOKEN")
    projection = Projection.open(os.environ.get("DATABASE", "users.sqlite3"))
    feed = Feed(url, token) if url and token else None
    amqp = os.environ.get("AMQP_URL")
    if feed and not amqp:
        task = asyncio.create_task(Follower(projection, feed).run())
    else:
        exchange, queue = os.environ.get("EVENTS_EXCHANGE", "auth.events"), os.environ.get("QUEUE", "user-service")
        subscriber = Subscriber(amqp or "amqp://guest:guest@127.0.0.1/", exchange, queue, projection, feed)
        task = asyncio.create_task(subscriber.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        try:
            await task
        except Refused as refused:
            return str(refused)
    return None


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(message)s")
    for noisy in ("aio_pika", "aiormq"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    sys.exit(asyncio.run(main()))

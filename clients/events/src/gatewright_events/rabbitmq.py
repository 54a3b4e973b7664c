"""Subscribe over RabbitMQ, with a durable queue of one's own. Needs the extra `rabbitmq`."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from random import uniform
from typing import Final, Generic, TypeVar

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from gatewright_events.asking import NoAnswer, Refused
from gatewright_events.consumer import Consumer
from gatewright_events.feed import MOST_PAUSE, FeedSubscriber
from gatewright_events.outcomes import Doubtful, Later

C = TypeVar("C")
DELIVERIES: Final = 20
"""How often the broker delivers a message again. What fails the consumer buries: it is what ends the process.

So often, too, is a message tried that a store which is well does not keep."""
PAUSE: Final = 0.5
"""Seconds before it connects again, or tries a message again for the first time."""
TENDING: Final = timedelta(seconds=2)
"""How often it looks at what waits, and after how long it asks the feed for what is missing."""
OFTEN: Final = timedelta(minutes=10)
"""After how long it reads the feed although the queue brings everything: the place must not become older than what the
log keeps, nor so old that a start reads months."""
log = logging.getLogger("gatewright_events")


@dataclass(slots=True)
class RabbitSubscriber(Generic[C]):
    """Keep a quorum queue bound to the events that a consumer wants, and have it take what arrives.

    Beside `queue` there is `<queue>.dead`, for messages that ended the process, or that the store did not
    keep, again and again.
    """

    consumer: Consumer[C]
    url: str = field(repr=False)
    queue: str
    exchange: str = "auth.events"
    feed: FeedSubscriber[C] | None = None
    """Where to read what was announced before the queue was bound, and what is missing."""
    prefetch: int = 50
    """How many messages the broker hands out at once, after those that come again."""
    ready: Callable[[int], None] = lambda _: None
    """Told how many events of the feed were new, once they were taken and the queue is bound."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds that no clock which is set moves."""
    _read: tuple[str | None, int] = field(default=(None, 0), init=False)
    """How far the feed was read when it was last read to its end, and after how many replays."""
    _asked: float = field(init=False)
    """When the feed was last asked."""
    _sure: float = field(default=0.0, init=False)
    """Until when the log is taken to be the one that the inbox knows."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def __post_init__(self) -> None:
        """Have the feed read in a while, whether `run` does it first or not."""
        self._asked = self.monotonic()

    async def run(self) -> None:
        """Consume until cancelled; connect again whenever the broker went away.

        Raise `Refused` if the feed refuses the token before it was read to its end. Later that is an error in the log,
        every ten minutes at least: the queue goes on, and so does the feed once it may be read.
        """
        while True:
            try:
                await self._consume()
            except Refused:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it was, it may be gone next time
                log.warning("connects again: %s: %s", type(error).__name__, error)
            except asyncio.CancelledError:
                # aio-pika cancels what waits for a lost broker; only a stop is counted by `cancelling`.
                if (task := asyncio.current_task()) and task.cancelling():
                    raise
            await asyncio.sleep(PAUSE)

    async def _consume(self) -> None:
        connection = await aio_pika.connect(self.url, timeout=5, heartbeat=10)
        tending = None
        try:
            channel = await connection.channel()
            queue = await self._declare(channel)
            # After the queue is bound: what is announced meanwhile arrives twice, and the inbox sees that.
            self.ready(await self._begin() if self.feed else 0)
            tending = asyncio.create_task(self._tend())
            await self._follow(channel, queue)
        finally:
            if tending:
                tending.cancel()
            with suppress(Exception, asyncio.CancelledError):
                async with asyncio.timeout(2):
                    await connection.close()

    async def _begin(self) -> int:
        """Read the feed to its end; return how many events were new."""
        try:
            return await self._catch_up()
        except Refused as error:
            if self._read[0] is None:
                raise
            self._complain(error)
            return 0

    async def _follow(self, channel: AbstractChannel, queue: AbstractQueue) -> None:
        """Take what arrives until the broker goes away.

        What comes again may have ended a process. As long as that comes it comes alone: with each process that ends the
        broker counts a delivery of everything that was not acknowledged.
        """
        await channel.set_qos(prefetch_count=1)
        new = None
        async with queue.iterator() as messages:
            async for message in messages:
                if not message.redelivered:
                    new = message  # not acknowledged yet, so that nothing arrives before the end of this consumer
                    break
                await self._take(message)
        if new is None:
            return
        await channel.set_qos(prefetch_count=self.prefetch)
        await self._take(new)
        async with queue.iterator() as messages:
            async for message in messages:
                await self._take(message)

    async def _declare(self, channel: AbstractChannel) -> AbstractQueue:
        dead = f"{self.queue}.dead"
        letters = await channel.declare_exchange(dead, aio_pika.ExchangeType.FANOUT, durable=True)
        kept = await channel.declare_queue(dead, durable=True, arguments={"x-queue-type": "quorum"})
        await kept.bind(letters)
        queue = await channel.declare_queue(
            self.queue,
            durable=True,
            arguments={"x-queue-type": "quorum", "x-delivery-limit": DELIVERIES, "x-dead-letter-exchange": dead},
        )
        # The exchange is Gatewright's: declared by its relay, with arguments that are none of our business.
        for pattern in self.consumer.patterns:
            await queue.bind(self.exchange, pattern)
        return queue

    async def _take(self, message: AbstractIncomingMessage) -> None:
        """Have the message taken, then acknowledge it.

        It is held meanwhile, for whatever goes back to the broker is counted: no outage costs a delivery. What cannot
        be taken again and again although the store is well is put aside, so that it stops nobody.
        """
        pause, failed = PAUSE, 0
        while failed < DELIVERIES:
            try:
                await self._hand(message.body)
            except Later as error:
                log.warning("tries a message again in about %g seconds: %s", pause, error)
            except Exception as error:
                log.exception("tries a message again in about %g seconds: %s", pause, type(error).__name__)
                failed += await self._well()
            else:
                await message.ack()  # fails if the broker went away meanwhile: then it comes again, a repetition
                return
            await asyncio.sleep(uniform(pause / 2, pause))  # noqa: S311 - nobody gains by guessing it
            pause = min(2 * pause, MOST_PAUSE)
        await message.reject(requeue=False)

    async def _hand(self, body: bytes) -> None:
        """Have an event taken; before it is taken to come too late ask the feed whether the log is still the same.

        If it is another, which gives versions again, the feed tells of the event, too.
        """
        try:
            await self.consumer.take(body, doubted=self.feed is not None and self.monotonic() >= self._sure)
        except Doubtful:
            await self._look_up()
            await self.consumer.take(body)

    async def _look_up(self) -> None:
        if not await self._asks():
            # So that nobody is held up by each event that comes late.
            self._sure = self.monotonic() + self.consumer.patience.total_seconds()

    async def _well(self) -> bool:
        """Tell whether the store keeps anything."""
        try:
            async with self.consumer.inbox.transaction() as open_:
                await open_.note(await open_.noted())
        except Exception:  # noqa: BLE001 - the inbox knows its errors
            return False
        return True

    async def tend(self) -> None:
        """Ask the feed for what is waited for or is to be replayed, and go on without what was waited for too long.

        `run` does it every two seconds. Every ten minutes the feed is asked anyhow, so that the place in it moves on.

        Raise `Later`, and what the store raises: what waits goes on waiting then.
        """
        if self.feed and (self._is_due() or await self.consumer.late(TENDING) or await self._reached() != self._read):
            await self._asks()
        await self.consumer.release()

    async def _asks(self) -> bool:
        """Read the feed to its end, and tell whether that was answered."""
        try:
            await self._catch_up()
        except (NoAnswer, Refused) as error:
            self._complain(error)
            return False
        return True

    def _complain(self, error: NoAnswer | Refused) -> None:
        # What is refused does not pass by itself: people have to see it.
        level = logging.ERROR if isinstance(error, Refused) else logging.WARNING
        log.log(level, "goes on with the queue alone, without what is missing there: %s", error)

    async def _catch_up(self) -> int:
        assert self.feed
        async with self._turn:
            self._asked = self.monotonic()
            new = await self.feed.catch_up()
            self._sure = self._asked + TENDING.total_seconds()
            self._read = await self._reached()
            return new

    def _is_due(self) -> bool:
        return self.monotonic() - self._asked >= OFTEN.total_seconds()

    async def _reached(self) -> tuple[str | None, int]:
        assert self.feed
        return await self.feed.place(), self.consumer.replays

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(TENDING.total_seconds())
            try:
                await self.tend()
            except Later as error:
                log.warning("what waits is handled later: %s", error)
            except Exception:
                # Nothing is lost: it stays in the inbox, and its store is what failed. Messages that arrive meanwhile
                # meet the same, and are not acknowledged.
                log.exception("what waits could not be handled; tries again")

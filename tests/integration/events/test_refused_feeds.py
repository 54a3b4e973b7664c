"""A subscriber whose feed refuses the token goes on with its queue, on a real broker, and says so."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from domain.kernel.ids import uuid7
from gatewright_events.asking import Refused
from gatewright_events.consumer import Consumer
from gatewright_events.events import Event
from gatewright_events.feed import FeedSubscriber
from gatewright_events.rabbitmq import OFTEN, RabbitSubscriber
from gatewright_events.testing import MemoryInbox
from gatewright_events.testing_http import ADDRESS, TOKEN, MemoryGatewright
from tests.support.facts import until
from tests.support.proxies import Line, line
from tests.support.subscriber import lent, published

UPDATED = "identity.user.updated"


class Desk:
    """A subscriber with a queue of its own, which also reads the feed."""

    def __init__(self, url: str, there: str) -> None:
        self.url, self.name, self.ada = url, f"test-refused-{uuid7()}", uuid4()
        self.passed, self.handled, self.connected = 0.0, list[int](), list[int]()
        self.gatewright = MemoryGatewright()
        consumer = Consumer(MemoryInbox(), self.handle)
        self.feed = FeedSubscriber(consumer, ADDRESS, TOKEN, self.gatewright.client())
        self.subscriber = RabbitSubscriber(
            consumer,
            there,
            self.name,
            self.name,
            self.feed,
            ready=self.connected.append,
            monotonic=lambda: self.passed,
        )

    async def handle(self, event: Event, _: Any) -> None:
        self.handled.append(event.aggregate_version)

    async def has_connected(self, times: int) -> bool:
        return len(self.connected) == times

    async def has_handled(self, *versions: int) -> bool:
        return self.handled == [*versions]

    async def publish(self) -> None:
        """Announce the next event, on the exchange and in the feed."""
        await published(self.url, self.name, self.gatewright.announce(UPDATED, self.ada))


@pytest.fixture
async def way(rabbitmq_url: str) -> AsyncIterator[Line]:
    async with line(rabbitmq_url) as made:
        yield made


@pytest.fixture
async def desk(rabbitmq_url: str, way: Line) -> AsyncIterator[Desk]:
    made = Desk(rabbitmq_url, way.url)
    async with lent(rabbitmq_url, made.name):
        yield made


async def test_who_is_refused_at_the_start_is_told_so(desk: Desk) -> None:
    desk.feed.credential = "another"
    with pytest.raises(Refused):
        await desk.subscriber.run()


async def test_who_is_refused_later_goes_on_with_the_queue_and_reads_the_feed_when_they_may(
    desk: Desk, way: Line, caplog: pytest.LogCaptureFixture
) -> None:
    def complaints() -> int:
        return sum(each.levelno == logging.ERROR and "refuses" in each.getMessage() for each in caplog.records)

    async def has_complained(times: int) -> bool:
        return complaints() >= times

    task = asyncio.create_task(desk.subscriber.run())
    try:
        await until(lambda: desk.has_connected(1))
        desk.feed.credential = "another"
        way.die(answering=1)
        await desk.publish()
        await until(lambda: desk.has_connected(2))
        assert complaints()
        await until(lambda: desk.has_handled(1))

        desk.passed += OFTEN.total_seconds()
        await until(lambda: has_complained(2))
        await desk.publish()
        await until(lambda: desk.has_handled(1, 2))

        desk.feed.credential = TOKEN
        desk.gatewright.announce(UPDATED, desk.ada)
        desk.passed += OFTEN.total_seconds()
        await until(lambda: desk.has_handled(1, 2, 3))
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task])

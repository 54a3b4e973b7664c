"""What waits for events that do not come is asked for, and not for ever."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from feeds import TOKEN, Feed, served
from gatewright_events.consumer import Consumer
from gatewright_events.events import Event
from gatewright_events.feed import FeedSubscriber
from gatewright_events.outcomes import Outcome
from gatewright_events.rabbitmq import OFTEN, TENDING, RabbitSubscriber
from gatewright_events.testing import Announcer, MemoryInbox

ADA = UUID(int=1)


@dataclass
class Desk:
    """A subscriber that got the second event of an aggregate and not the first, and the feed that has both."""

    feed: Feed = field(default_factory=Feed)
    versions: list[int] = field(default_factory=list)
    now: datetime = datetime(2026, 1, 2, tzinfo=UTC)
    passed: float = 0.0

    def __post_init__(self) -> None:
        self.consumer = Consumer(MemoryInbox(), self.handle, ("identity.user.*",), now=lambda: self.now)

    async def handle(self, event: Event, _: Any) -> None:
        self.versions.append(event.aggregate_version)

    async def hold(self) -> None:
        announcer = Announcer()
        self.feed.events = [announcer.announce("identity.user.updated", ADA) for _ in range(2)]
        assert await self.consumer.take(self.feed.events[1]) is Outcome.HELD


@pytest.fixture
async def desk() -> Desk:
    made = Desk()
    await made.hold()
    return made


@pytest.fixture
async def subscriber(desk: Desk) -> AsyncIterator[RabbitSubscriber[Any]]:
    async with served(desk.feed) as url:
        feed = FeedSubscriber(desk.consumer, url, TOKEN)
        yield RabbitSubscriber(desk.consumer, "amqp://127.0.0.1", "tests", feed=feed, monotonic=lambda: desk.passed)
        await feed.client.aclose()


async def test_the_feed_is_asked_for_what_is_missing(desk: Desk, subscriber: RabbitSubscriber[Any]) -> None:
    await subscriber.tend()
    assert (desk.versions, desk.feed.asked) == ([], [])
    desk.now += TENDING
    await subscriber.tend()
    assert desk.versions == [1, 2]


@pytest.mark.parametrize("answer", [(503, b""), (401, b""), (200, b"none")])
async def test_i18_a_feed_that_does_not_answer_holds_up_nobody_for_longer_than_promised(
    desk: Desk, subscriber: RabbitSubscriber[Any], answer: tuple[int, bytes]
) -> None:
    desk.feed.answers = [answer] * 10
    desk.now += TENDING
    await subscriber.tend()
    assert desk.versions == []
    desk.now += desk.consumer.patience
    await subscriber.tend()
    assert desk.versions == [2]


async def test_the_place_in_the_feed_moves_on_although_the_queue_brings_everything(
    desk: Desk, subscriber: RabbitSubscriber[Any]
) -> None:
    desk.now += TENDING
    await subscriber.tend()
    announcer, asked = Announcer(), len(desk.feed.asked)
    desk.feed.events = [announcer.announce("identity.user.updated", ADA) for _ in range(5)]
    for event in desk.feed.events:
        await desk.consumer.take(event)
    desk.now -= 2 * OFTEN  # somebody sets the clock
    desk.passed += (OFTEN - TENDING).total_seconds()
    await subscriber.tend()
    assert len(desk.feed.asked) == asked
    desk.passed += TENDING.total_seconds()
    await subscriber.tend()
    await subscriber.tend()
    assert ([each.get("after") for each in desk.feed.asked[asked:]], desk.versions) == (["one.2"], [1, 2, 3, 4, 5])
    assert subscriber.feed
    assert await subscriber.feed.place() == "one.5"


@pytest.mark.parametrize("after", [None, "one.0", "one.2"])
async def test_what_is_to_be_replayed_is_read_again(
    desk: Desk, subscriber: RabbitSubscriber[Any], after: str | None
) -> None:
    """Also from the place that was reached: what a queue brought since is forgotten as well."""
    desk.now += TENDING
    await subscriber.tend()
    asked = len(desk.feed.asked)
    await subscriber.tend()
    assert len(desk.feed.asked) == asked
    announcer = Announcer()
    desk.feed.events = [announcer.announce("identity.user.updated", ADA) for _ in range(3)]
    await desk.consumer.take(desk.feed.events[2])

    async def reset(_: Any) -> None:
        desk.versions.clear()

    await desk.consumer.replay(after, reset)
    await subscriber.tend()

    assert desk.versions == ([3] if after == "one.2" else [1, 2, 3])

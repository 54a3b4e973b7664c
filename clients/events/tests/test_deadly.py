"""What ends the process is put aside also where no broker counts, and nothing else is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from feeds import TOKEN, Feed, served
from gatewright_events.consumer import FATAL, Consumer
from gatewright_events.events import Event
from gatewright_events.feed import FeedSubscriber
from gatewright_events.outcomes import Later, Outcome
from gatewright_events.testing import Announcer, MemoryInbox

ADA, BOB = UUID(int=1), UUID(int=2)
FEW = range(FATAL + 2)


@dataclass
class Desk:
    """A consumer that is given three events of two people, and what the second of these does to it."""

    url: str
    feed: Feed
    harm: BaseException | None = None
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    handled: list[tuple[UUID, int]] = field(default_factory=list)
    now: datetime = datetime(2026, 1, 2, tzinfo=UTC)

    def __post_init__(self) -> None:
        announcer = Announcer()
        self.feed.events = [announcer.announce("identity.user.updated", each) for each in (ADA, BOB, BOB)]
        self.start()

    def start(self) -> None:
        """As a process does that is started again, two seconds later."""
        self.now += timedelta(seconds=2)
        self.consumer = Consumer(self.inbox, self.handle, now=lambda: self.now)
        self.subscriber = FeedSubscriber(self.consumer, self.url, TOKEN)

    async def handle(self, event: Event, _: Any) -> None:
        if self.harm and event.id == self.feed.events[1]["id"]:
            raise self.harm
        self.handled.append((event.aggregate_id, event.aggregate_version))

    async def follow(self) -> bool:
        """Follow the feed to its end; return whether that ended the process."""
        self.start()
        try:
            await self.subscriber.catch_up()
        except SystemExit:
            return True
        finally:
            await self.subscriber.client.aclose()
        return False


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    feed = Feed()
    async with served(feed) as url:
        yield Desk(url, feed)


async def test_i18_what_ends_the_process_is_put_aside_though_it_comes_from_the_feed(desk: Desk) -> None:
    desk.harm = SystemExit()
    # The first time nobody knows yet that what was begun does not end.
    assert [await desk.follow() for _ in FEW] == [True] * (FATAL + 1) + [False]
    assert desk.handled == [(ADA, 1), (BOB, 2)]
    (letter,) = await desk.consumer.letters()
    assert (letter.id, "ended" in letter.reason) == (desk.feed.events[1]["id"], True)
    assert not desk.inbox.state.begun

    desk.harm = None
    assert await desk.consumer.revive(letter.id)
    assert desk.handled[-1] == (BOB, 1)


async def test_i18_what_waited_and_ends_the_process_is_put_aside(desk: Desk) -> None:
    desk.harm = SystemExit()
    third = desk.feed.events[1] = desk.feed.events[2]
    assert await desk.consumer.take(third) is Outcome.HELD
    for _ in range(FATAL):
        desk.now += desk.consumer.patience
        with pytest.raises(SystemExit):
            await desk.consumer.release()
        desk.start()
    desk.now += desk.consumer.patience
    assert await desk.consumer.release() == 1
    assert (desk.handled, [each.id for each in await desk.consumer.letters()]) == ([], [third["id"]])
    assert (desk.inbox.state.begun, desk.inbox.state.waiting) == ({}, {})


@pytest.mark.parametrize("harm", [Later(), asyncio.CancelledError()], ids=["later", "stopped"])
async def test_what_passes_or_stops_the_process_is_no_fault_of_the_event(desk: Desk, harm: BaseException) -> None:
    desk.harm = SystemExit()
    assert [await desk.follow(), await desk.follow()] == [True, True]  # so that it was noted and counted
    desk.harm = harm
    for _ in range(2 * FATAL):
        with pytest.raises(type(harm)):
            await desk.follow()
        desk.inbox.state.begun[f"the feed behind {None}"] = 1, desk.now  # whatever else ended there
    desk.harm = None
    assert not await desk.follow()
    assert desk.handled == [(ADA, 1), (BOB, 1), (BOB, 2)]
    assert not await desk.consumer.letters()


async def test_who_begins_what_others_have_begun_at_once_buries_nothing(desk: Desk) -> None:
    """As processes do that share an inbox and are started together, after an end that left its note."""
    desk.harm = SystemExit()
    assert [await desk.follow(), await desk.follow()] == [True, True]
    desk.harm = None
    event = desk.feed.events[1]
    async with desk.inbox.transaction() as open_:
        for _ in range(2 * FATAL):
            await open_.begin(event["id"], desk.now)
    assert await desk.consumer.take(event, in_order=True, noted=True) is Outcome.HANDLED

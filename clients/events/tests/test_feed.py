"""Following the feed: from where it was, to the end, whatever happens on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from feeds import TOKEN, Feed, served
from gatewright_events import asking
from gatewright_events import feed as following
from gatewright_events.asking import NoAnswer, Refused
from gatewright_events.consumer import Consumer
from gatewright_events.events import Event
from gatewright_events.feed import FeedSubscriber
from gatewright_events.outcomes import Later, Order
from gatewright_events.testing import Announcer, MemoryInbox, MemoryTransaction

ADA = UUID(int=1)


class Desk:
    """A consumer of a feed, whose handler counts and says when it has had enough."""

    def __init__(self) -> None:
        self.feed, self.inbox, self.announcer = Feed(), MemoryInbox(), Announcer()
        self.versions: list[int] = []
        self.later = 0
        self.enough = asyncio.Event()
        self.consumer = Consumer(self.inbox, self.handle, ("identity.user.*",))

    async def handle(self, event: Event, _: Any) -> None:
        if self.later:
            self.later -= 1
            raise Later
        self.versions.append(event.aggregate_version)
        if event.data.get("last"):
            self.enough.set()
            await asyncio.sleep(0)  # whoever waits for it comes next

    def announce(self, count: int, **data: Any) -> None:
        self.feed.events += [self.announcer.announce("identity.user.updated", ADA, **data) for _ in range(count)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def subscriber(desk: Desk) -> AsyncIterator[FeedSubscriber[Any]]:
    async with served(desk.feed) as url:
        made = FeedSubscriber(desk.consumer, url, TOKEN, limit=10)
        yield made
        await made.client.aclose()


async def test_takes_everything_and_goes_on_where_it_was(desk: Desk, subscriber: FeedSubscriber[Any]) -> None:
    desk.announce(25)
    assert await subscriber.catch_up() == 25
    desk.announce(1)
    assert await subscriber.catch_up() == 1
    assert desk.versions == list(range(1, 27))
    assert [asked.get("after") for asked in desk.feed.asked][-2:] == ["one.20", "one.25"]
    assert desk.inbox.state.place == "one.26"


async def test_events_of_other_types_are_passed_over(desk: Desk, subscriber: FeedSubscriber[Any]) -> None:
    desk.feed.events = [desk.announcer.announce("teams.team.created", UUID(int=9)) for _ in range(12)]
    desk.announce(1)
    assert await subscriber.catch_up() == 1
    assert desk.versions == [1]


@pytest.mark.parametrize(
    ("patterns", "asked"),
    [
        (("identity.user.*",), ["identity.user.*"]),
        (("identity.#", "teams.team.created"), ["identity.*.*", "teams.team.created"]),
        (("identity.user.created.#",), ["identity.user.created"]),
        (("#",), []),
        (("teams.team.*", "*.*.#"), []),
        (("identity.user.*", "no.more-than-this.*", "two.segments", "a.b.c.d.#"), ["identity.user.*"]),
        (tuple(f"a.b{'x' * n}.*" for n in range(51)), []),
    ],
)
async def test_asks_for_nothing_but_what_is_wanted(
    desk: Desk, subscriber: FeedSubscriber[Any], patterns: tuple[str, ...], asked: list[str]
) -> None:
    desk.consumer.patterns = patterns
    await subscriber.take()
    assert desk.feed.types == [asked]


@pytest.mark.parametrize("order", list(Order))
async def test_what_the_feed_leaves_out_is_missing_to_nobody(
    desk: Desk, subscriber: FeedSubscriber[Any], order: Order
) -> None:
    desk.consumer.patterns, desk.consumer.order = ("identity.user.updated",), order
    for what in ("created", "updated", "deactivated", "updated"):
        desk.feed.events.append(desk.announcer.announce(f"identity.user.{what}", ADA))
    await desk.consumer.take(desk.feed.events[3])  # as from a queue
    assert desk.versions == ([] if order is Order.COMPLETE else [4])

    await subscriber.catch_up()

    assert desk.feed.served == ["identity.user.updated"] * 2
    assert desk.versions == ([2, 4] if order is Order.COMPLETE else [4])
    assert not await desk.consumer.letters()


async def test_a_feed_that_does_not_know_a_type_is_read_as_a_whole(desk: Desk, subscriber: FeedSubscriber[Any]) -> None:
    desk.consumer.patterns = ("identity.user.*", "later.thing.*")
    desk.feed.answers = [(422, b'{"code":"events.type_unknown"}')]
    desk.announce(25)
    assert await subscriber.catch_up() == 25
    assert desk.feed.types == [["identity.user.*", "later.thing.*"], *[[]] * 3]


async def test_a_log_that_was_restored_is_read_from_its_beginning(desk: Desk, subscriber: FeedSubscriber[Any]) -> None:
    desk.announce(3)
    await subscriber.catch_up()
    desk.feed.log = "two"
    desk.announce(1)
    assert await subscriber.catch_up() == 1
    assert (desk.versions, desk.inbox.state.place) == ([1, 2, 3, 4], "two.4")


async def test_a_log_that_was_restored_under_its_name_and_ends_before_the_place_is_read_from_its_beginning(
    desk: Desk, subscriber: FeedSubscriber[Any]
) -> None:
    desk.announce(5)
    await subscriber.catch_up()
    desk.feed.events = desk.feed.events[:3]
    desk.feed.events.append(desk.announcer.announce("identity.user.created", UUID(int=2)))
    assert await subscriber.catch_up() == 1
    assert (desk.versions, desk.inbox.state.place) == ([1, 2, 3, 4, 5, 1], "one.4")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_is_refused_ends_it(desk: Desk, subscriber: FeedSubscriber[Any], status: int) -> None:
    desk.feed.answers = [(status, b"")]
    with pytest.raises(Refused, match=str(status)):
        await subscriber.run()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b""),
        (422, b""),
        (200, b"[]"),
        (200, b"{"),
        (200, b'{"items": 1, "next": 2}'),
        (302, b""),
        (410, b""),
        (400, b""),
    ],
)
async def test_any_other_answer_may_pass(desk: Desk, subscriber: FeedSubscriber[Any], status: int, body: bytes) -> None:
    desk.feed.answers = [(status, body)] * 2
    with pytest.raises(NoAnswer):
        await subscriber.take()
    assert desk.inbox.state.place is None


async def test_an_answer_without_end_is_not_read_to_it(
    desk: Desk, subscriber: FeedSubscriber[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST", 1000)
    desk.feed.answers = [(200, b" " * 5000)]
    with pytest.raises(NoAnswer, match="too long"):
        await subscriber.take()


async def test_it_goes_on_after_failures_and_misses_nothing(
    desk: Desk, subscriber: FeedSubscriber[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LEAST_PAUSE", 0.001)
    desk.feed.answers = [(503, b""), (500, b"{}")]
    desk.later = 2
    desk.announce(30)
    desk.announce(1, last=True)
    task = asyncio.create_task(subscriber.run())
    async with asyncio.timeout(30):
        await desk.enough.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert desk.versions == list(range(1, 32))


async def test_a_part_that_was_not_taken_to_its_end_comes_again(desk: Desk, subscriber: FeedSubscriber[Any]) -> None:
    desk.announce(3)
    desk.later = 1
    with pytest.raises(Later):
        await subscriber.take()
    assert desk.inbox.state.place is None
    assert await subscriber.catch_up() == 3


async def test_a_credential_is_asked_for_each_time_and_is_not_shown(
    desk: Desk, subscriber: FeedSubscriber[Any]
) -> None:
    tokens = [TOKEN, "old", "old"]

    async def credential() -> str:
        return tokens.pop(0)

    subscriber.credential = credential
    assert await subscriber.take() is None
    with pytest.raises(Refused):
        await subscriber.take()
    assert len(desk.feed.asked) == 2, "it asked again with what was refused"
    assert TOKEN not in repr(FeedSubscriber(desk.consumer, subscriber.address, TOKEN))


async def test_a_token_that_expires_while_something_is_waited_for_is_replaced(
    desk: Desk, subscriber: FeedSubscriber[Any]
) -> None:
    tokens = [TOKEN, "fresh, and refused at first", TOKEN, "expired", "not good either"]

    async def credential() -> str:
        return tokens.pop(0)

    subscriber.credential = credential
    desk.announce(1)
    assert await subscriber.take() == 1
    desk.announce(1)
    assert await subscriber.take() == 1
    with pytest.raises(Refused):
        await subscriber.take()
    assert not tokens


async def test_a_store_that_is_away_does_not_end_it(
    desk: Desk, subscriber: FeedSubscriber[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LEAST_PAUSE", 0.001)
    away = 5

    class Failing(MemoryInbox):
        @asynccontextmanager
        async def transaction(self) -> AsyncIterator[MemoryTransaction]:
            nonlocal away
            away -= 1
            if away >= 0:
                raise OSError("the store is away")
            async with super().transaction() as open_:
                yield open_

    desk.consumer.inbox = Failing()
    desk.announce(1, last=True)
    task = asyncio.create_task(subscriber.run())
    async with asyncio.timeout(30):
        await asyncio.wait({task, asyncio.create_task(desk.enough.wait())}, return_when=asyncio.FIRST_COMPLETED)
    assert not task.done()
    task.cancel()
    await asyncio.wait({task})
    assert (desk.versions, away < 0) == ([1], True)


async def test_nobody_there_may_pass(desk: Desk) -> None:
    async with served(desk.feed) as url:
        pass
    with pytest.raises(NoAnswer):
        await FeedSubscriber(desk.consumer, url, TOKEN).take()


async def test_a_replay_is_not_undone_by_what_was_asked_before_it(desk: Desk, subscriber: FeedSubscriber[Any]) -> None:
    desk.announce(6)
    await subscriber.catch_up()
    desk.announce(1)

    async def reset(_: Any) -> None:
        desk.versions.clear()

    async def while_it_is_answered(_: Any) -> None:
        await desk.consumer.replay(None, reset)

    subscriber.client.event_hooks = {"response": [while_it_is_answered]}
    assert await subscriber.take() == 0
    subscriber.client.event_hooks = {"response": []}
    assert desk.inbox.state.place is None
    assert await subscriber.catch_up() == 7
    assert desk.versions == list(range(1, 8))
    assert not await desk.consumer.letters()


async def test_a_replay_while_the_very_first_part_is_taken_misses_nothing(
    desk: Desk, subscriber: FeedSubscriber[Any]
) -> None:
    """There is no place in the feed, neither before it nor after it."""
    desk.announce(2)
    desk.announce(1, last=True)
    desk.announce(3)
    undone = list[int]()

    async def reset(_: Any) -> None:
        undone.extend(desk.versions)
        desk.versions.clear()

    async def replay() -> None:
        await desk.enough.wait()
        await desk.consumer.replay(None, reset)

    await asyncio.gather(replay(), subscriber.take())
    await subscriber.catch_up()

    assert undone == [1, 2, 3]
    assert desk.versions == [1, 2, 3, 4, 5, 6]


async def test_it_has_caught_up_although_more_is_announced_meanwhile(
    desk: Desk, subscriber: FeedSubscriber[Any]
) -> None:
    async def announce(_: Any) -> None:
        assert len(desk.feed.asked) < 10, "it goes on for ever"
        desk.announce(1)

    subscriber.client.event_hooks = {"response": [announce]}
    desk.announce(5)
    assert await subscriber.catch_up() == 5
    assert len(desk.feed.asked) == 1

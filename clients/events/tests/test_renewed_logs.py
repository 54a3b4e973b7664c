"""The log is restored from a backup, and the consumer, which has no copies, knows more than that."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from copies import Stopped
from gatewright_events.consumer import Consumer
from gatewright_events.events import Event
from gatewright_events.feed import FeedSubscriber
from gatewright_events.outcomes import Doubtful, Order, Outcome
from gatewright_events.sqlite import SqliteInbox
from gatewright_events.testing import Announcer, MemoryInbox
from gatewright_events.testing_http import ADDRESS, TOKEN, MemoryGatewright

ADA, BOB = UUID(int=1), UUID(int=2)
MONTH = timedelta(days=30)
UPDATED = "identity.user.updated"
PUT = "INSERT INTO handled VALUES (?, ?, ?)"


class Desk:
    """A consumer in a database of its own, and what it has handled: whose event, which version, of which log."""

    def __init__(self, path: Path, order: Order = Order.COMPLETE) -> None:
        self.path, self.order = path, order
        self.announcer, self.gatewright = Announcer("one"), MemoryGatewright("one")
        self.now = datetime(2026, 1, 2, 12, tzinfo=UTC)
        self.stops: set[int] = set()
        """At which calls of the handler the process is killed."""
        self.calls = 0
        self.start()
        self.inbox.database.execute("CREATE TABLE handled (of TEXT, version INTEGER, log TEXT)")

    def start(self) -> None:
        """As a process does."""
        self.inbox = SqliteInbox.open(str(self.path))
        self.consumer = Consumer(self.inbox, self.handle, ("identity.user.*",), self.order, now=lambda: self.now)
        self.subscriber = self.subscribed()

    def subscribed(self) -> FeedSubscriber[sqlite3.Connection]:
        return FeedSubscriber(self.consumer, ADDRESS, TOKEN, self.gatewright.client(), limit=2)

    async def handle(self, event: Event, database: sqlite3.Connection) -> None:
        database.execute(PUT, (event.aggregate_id.hex[-1], event.aggregate_version, event.source))
        self.calls += 1
        if self.calls in self.stops:
            raise KeyboardInterrupt

    def put(self, of: UUID = ADA, type_: str = UPDATED) -> dict[str, Any]:
        event = {**self.announcer.announce(type_, of), "time": f"{self.now:%FT%TZ}"}
        self.gatewright.events.append(event)
        return event

    def restore(self, kept: int, name: str = "two") -> None:
        """Restore a backup that has so many events."""
        before, self.announcer = self.gatewright.events[:kept], Announcer("two")
        for each in before:
            self.announcer.announce(each["type"], UUID(each["aggregateid"]))
        self.gatewright.log, self.gatewright.events = name, before

    async def follow(self) -> None:
        """Follow to the end, as often as the process is killed."""
        while True:
            try:
                await self.subscriber.catch_up()
            except (KeyboardInterrupt, Stopped):
                self.inbox.database.close()
                self.start()
            else:
                return

    def handled(self, of: UUID = ADA) -> list[tuple[int, str]]:
        found = "SELECT version, log FROM handled WHERE of = ? ORDER BY rowid"
        return self.inbox.database.execute(found, (of.hex[-1],)).fetchall()


@pytest.fixture(params=list(Order))
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    made = Desk(tmp_path / "inbox.sqlite3", request.param)
    yield made
    made.inbox.database.close()


@pytest.mark.parametrize("stops", [set(), {6}, {7, 8}, {6, 7, 8, 9, 10}], ids=str)
@pytest.mark.parametrize("name", ["two", "one"], ids=["renewed", "under its name"])
async def test_what_is_new_there_is_handled_once_wherever_it_was_killed(desk: Desk, name: str, stops: set[int]) -> None:
    for _ in range(5):
        desk.put()
    await desk.subscriber.catch_up()
    desk.restore(2, name)
    for of in (ADA, BOB) if name == "one" else (ADA, BOB, ADA, ADA):
        desk.put(of)
    desk.stops = stops
    await desk.follow()
    for _ in range(2):
        desk.put()
    await desk.follow()

    versions = [3, 4, 5] if name == "one" else [3, 4, 5, 6, 7]
    assert desk.handled() == [*((n, "one") for n in range(1, 6)), *((n, "two") for n in versions)]
    assert desk.handled(BOB) == [(1, "two")]
    assert not await desk.consumer.letters()
    assert await desk.subscriber.place() == f"{name}.{len(desk.gatewright.events)}"
    # A queue brings what comes next, and it is next.
    assert await desk.consumer.take(desk.put()) is Outcome.HANDLED


async def test_who_knows_somebody_only_by_what_they_saw_before_waits_for_nothing(desk: Desk) -> None:
    for _ in range(3):
        desk.put()
    await desk.subscriber.catch_up()
    desk.restore(3)
    await desk.subscriber.catch_up()
    assert await desk.consumer.take(desk.put()) is Outcome.HANDLED
    assert desk.handled() == [(1, "one"), (2, "one"), (3, "one"), (4, "two")]


async def test_what_is_late_there_is_late(desk: Desk) -> None:
    for _ in range(5):
        desk.put()
    await desk.subscriber.catch_up()
    desk.restore(2)
    late = desk.put()
    desk.put()
    desk.gatewright.events.remove(late)
    await desk.subscriber.catch_up()
    rising = desk.order is Order.RISING
    assert await desk.consumer.take(late) is (Outcome.OUTDATED if rising else Outcome.BURIED)


async def test_what_was_seen_so_long_ago_that_it_is_forgotten_is_handled_no_second_time(desk: Desk) -> None:
    for _ in range(3):
        desk.put()
        desk.put(BOB)
    await desk.subscriber.catch_up()
    desk.now += 2 * MONTH
    desk.put()
    await desk.subscriber.catch_up()
    assert await desk.consumer.prune(MONTH) == 6
    desk.restore(7)
    for of in (ADA, BOB):
        desk.put(of)
    await desk.subscriber.catch_up()
    assert desk.handled() == [(1, "one"), (2, "one"), (3, "one"), (4, "one"), (5, "two")]
    assert desk.handled(BOB) == [(1, "one"), (2, "one"), (3, "one"), (4, "two")]


async def test_who_began_in_the_middle_is_not_given_what_was_before(desk: Desk) -> None:
    for _ in range(4):
        desk.put()

    async def reset(_: Any) -> None: ...

    await desk.consumer.replay("one.4", reset)
    desk.now += timedelta(hours=1)
    for _ in range(3):
        desk.put()
    await desk.subscriber.catch_up()
    desk.restore(6)
    desk.now += timedelta(hours=1)
    for _ in range(2):
        desk.put()
    await desk.subscriber.catch_up()
    assert desk.handled() == [(5, "one"), (6, "one"), (7, "one"), (7, "two"), (8, "two")]
    assert not await desk.consumer.letters()


async def test_a_log_that_has_only_dropped_what_is_old_leaves_everything_as_it_is(desk: Desk) -> None:
    for _ in range(4):
        desk.put()
    await desk.subscriber.take()
    await desk.consumer.take(desk.gatewright.events[3])  # which waits, or is handled
    desk.gatewright.dropped = 3
    for _ in range(2):
        desk.put()
    taken = len(desk.handled())
    await desk.subscriber.catch_up()
    assert desk.handled()[taken:] == [(n, "one") for n in range(5 if desk.order is Order.RISING else 4, 7)]
    assert desk.inbox.database.execute("SELECT count(*) FROM inbox_former").fetchone() == (0,)


async def test_what_waited_of_the_log_of_before_holds_up_nobody(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "inbox.sqlite3")
    first, _, third = desk.put(), desk.put(), desk.put()
    bob = desk.put(BOB), desk.put(BOB)
    fifth = [desk.put() for _ in range(2)][1]
    await desk.consumer.take(first)
    for each in (third, bob[1], fifth):
        assert await desk.consumer.take(each) is Outcome.HELD
    async with desk.inbox.transaction() as open_:
        await open_.move("one.1")
    desk.restore(5)  # the first five: the fourth and fifth of Ada never were
    for _ in range(3):
        desk.put()
    await desk.subscriber.catch_up()
    assert desk.handled() == [(1, "one"), (2, "one"), (3, "one"), (4, "two"), (5, "two"), (6, "two")]
    assert desk.handled(BOB) == [(1, "one"), (2, "one")]
    assert not await desk.consumer.late(timedelta(0))
    desk.inbox.database.close()


async def test_whoever_was_erased_stays_so_and_their_erasure_may_be_announced_anew(desk: Desk) -> None:
    for _ in range(3):
        desk.put()
    desk.put(ADA, "identity.user.erased")
    await desk.subscriber.catch_up()
    desk.restore(2)
    desk.put()
    await desk.subscriber.catch_up()
    assert desk.handled()[4:] == []
    desk.put(ADA, "identity.user.erased")
    await desk.subscriber.catch_up()
    assert desk.handled()[4:] == [(4, "two")]


async def test_what_another_process_is_given_of_the_log_of_before_it_drops(desk: Desk) -> None:
    """Both share an inbox. What one was answered before the restore comes after the other has begun anew."""
    for _ in range(3):
        desk.put()
    await desk.subscriber.catch_up()
    desk.put()
    other = desk.subscribed()

    async def meanwhile(_: str) -> None:
        desk.gatewright.after = MemoryGatewright().after
        desk.restore(2)
        desk.put()
        await other.catch_up()

    desk.gatewright.after = meanwhile
    assert await desk.subscriber.catch_up() == 0
    desk.put()
    await desk.subscriber.catch_up()
    assert desk.handled() == [(1, "one"), (2, "one"), (3, "one"), (3, "two"), (4, "two")]
    assert not await desk.consumer.letters()


async def test_what_another_process_has_begun_anew_is_not_begun_once_more(desk: Desk) -> None:
    for _ in range(3):
        desk.put()
    await desk.subscriber.catch_up()
    desk.restore(2)
    for _ in range(3):
        desk.put()
    other = desk.subscribed()

    async def faster(_: str) -> None:
        if len(desk.gatewright.asked) == asked + 2:  # refused already, and told what the log of now begins with
            await other.take()
            await other.take()
            await other.take()

    asked, desk.gatewright.after = len(desk.gatewright.asked), faster
    await desk.subscriber.catch_up()
    assert desk.handled()[3:] == [(3, "two"), (4, "two"), (5, "two")]
    found = "SELECT version FROM inbox_former"
    assert desk.inbox.database.execute(found).fetchall() == [(3,)]


@pytest.mark.parametrize("order", list(Order))
async def test_who_can_ask_is_told_before_something_is_taken_to_come_late(order: Order) -> None:
    async def handle(*_: Any) -> None: ...

    consumer, announcer = Consumer(MemoryInbox(), handle, order=order), Announcer()
    late, *events = (announcer.announce(UPDATED, ADA) for _ in range(3))
    for each in events:
        assert await consumer.take(each, in_order=True, doubted=True) is Outcome.HANDLED
    with pytest.raises(Doubtful):
        await consumer.take(late, doubted=True)
    assert await consumer.take(events[0], doubted=True) is Outcome.REPEATED
    assert await consumer.take(late) is (Outcome.OUTDATED if order is Order.RISING else Outcome.BURIED)
    assert await consumer.take(late, doubted=True) is Outcome.REPEATED

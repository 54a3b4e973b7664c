"""Each event once, those of one aggregate in order, and none that stops the others."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from gatewright_events.consumer import ATTEMPTS, Consumer
from gatewright_events.events import MOST, Event, Malformed
from gatewright_events.outcomes import Later, Order, Outcome
from gatewright_events.sqlite import SqliteInbox
from gatewright_events.testing import Announcer, MemoryInbox

ADA, BOB = UUID(int=1), UUID(int=2)


@dataclass
class Desk:
    """A consumer with an inbox in memory, whose handler notes what it is given and fails where it is told to."""

    order: Order = Order.COMPLETE
    bad: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    handled: list[tuple[UUID, int]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    now: datetime = datetime(2026, 1, 2, tzinfo=UTC)
    room: int = 10_000

    def __post_init__(self) -> None:
        self.announcer = Announcer()
        self.inbox = MemoryInbox()
        self.consumer = Consumer(
            self.inbox,
            self.handle,
            ("identity.user.*",),
            self.order,
            room=self.room,
            now=lambda: self.now,
            pause=self.wait,
        )

    async def handle(self, event: Event, kept: dict[Any, Any]) -> None:
        kept[event.aggregate_id, event.aggregate_version] = event.data
        if event.id in self.bad:
            raise ValueError("cannot take it")
        if event.id in self.later:
            raise Later
        self.handled.append((event.aggregate_id, event.aggregate_version))

    async def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def events(self, count: int, of: UUID = ADA) -> list[dict[str, Any]]:
        return [self.announcer.announce("identity.user.updated", of, name=f"n{n}") for n in range(count)]


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[SqliteInbox]:
    made = SqliteInbox.open(str(tmp_path / "inbox.sqlite3"))
    yield made
    made.database.close()


async def test_i18_what_comes_twice_is_handled_once() -> None:
    desk = Desk()
    (event,) = desk.events(1)
    outcomes = [await desk.consumer.take(json.dumps(event)) for _ in range(3)]
    assert outcomes == [Outcome.HANDLED, Outcome.REPEATED, Outcome.REPEATED]
    assert desk.handled == [(ADA, 1)]


@pytest.mark.parametrize("arriving", list(permutations(range(4))), ids=str)
async def test_i18_whatever_order_they_arrive_in_they_are_handled_in_theirs(arriving: tuple[int, ...]) -> None:
    desk = Desk()
    events = desk.events(4)
    for n in arriving:
        await desk.consumer.take(events[n])
    assert desk.handled == [(ADA, 1), (ADA, 2), (ADA, 3), (ADA, 4)]


async def test_one_aggregate_does_not_wait_for_another() -> None:
    desk = Desk()
    _, ada = desk.events(2)
    (bob,) = desk.events(1, BOB)
    assert [await desk.consumer.take(each) for each in (ada, bob)] == [Outcome.HELD, Outcome.HANDLED]
    assert desk.handled == [(BOB, 1)]


async def test_what_was_waited_for_in_vain_is_left_behind_and_kept_when_it_comes_after_all() -> None:
    desk = Desk()
    first, second, third = desk.events(3)
    for each in (third, second):
        await desk.consumer.take(each)
    assert not await desk.consumer.late()
    assert await desk.consumer.release() == 0

    desk.now += desk.consumer.patience
    assert await desk.consumer.late()
    assert await desk.consumer.release() == 1
    assert desk.handled == [(ADA, 2), (ADA, 3)]

    assert await desk.consumer.take(first) == Outcome.BURIED
    (letter,) = await desk.consumer.letters()
    assert (letter.id, "came late" in letter.reason) == (first["id"], True)
    assert await desk.consumer.revive(letter.id)
    assert desk.handled[-1] == (ADA, 1)
    assert not await desk.consumer.letters()


async def test_only_so_many_wait() -> None:
    desk = Desk(room=3)
    for n in range(4):
        one = UUID(int=100 + n)
        assert await desk.consumer.take(desk.events(2, one)[1]) == Outcome.HELD
        assert len(desk.handled) == (4 if n == 3 else 0)


async def test_the_feed_leaves_nothing_to_wait_for() -> None:
    desk = Desk()
    _, second, _, fourth = desk.events(4)
    assert await desk.consumer.take(fourth) == Outcome.HELD
    # The feed knows neither the first nor the third: they are of types that are not asked for.
    assert await desk.consumer.take(second, in_order=True) == Outcome.HANDLED
    assert await desk.consumer.take(fourth, in_order=True) == Outcome.HANDLED
    assert await desk.consumer.take(fourth, in_order=True) == Outcome.REPEATED
    assert desk.handled == [(ADA, 2), (ADA, 4)]


async def test_who_needs_only_the_newest_is_given_it_at_once_and_nothing_older() -> None:
    desk = Desk(Order.RISING)
    first, second, third = desk.events(3)
    outcomes = [await desk.consumer.take(each) for each in (second, first, third)]
    assert outcomes == [Outcome.HANDLED, Outcome.OUTDATED, Outcome.HANDLED]
    assert not await desk.consumer.letters()


async def test_i18_poison_is_tried_five_times_then_kept_with_the_reason_and_stops_nobody() -> None:
    desk = Desk()
    first, second, third = desk.events(3)
    desk.bad = {second["id"]}

    outcomes = [await desk.consumer.take(each) for each in (first, second, third)]

    assert outcomes == [Outcome.HANDLED, Outcome.BURIED, Outcome.HANDLED]
    assert desk.handled == [(ADA, 1), (ADA, 3)]
    assert len(desk.pauses) == ATTEMPTS - 1 == 4
    assert desk.pauses == sorted(desk.pauses)
    (letter,) = await desk.consumer.letters()
    assert (letter.id, letter.reason, letter.attempts) == (second["id"], "ValueError: cannot take it", 5)
    assert json.loads(letter.body) == second
    # What a handler wrote before it failed is not there.
    assert {version for _, version in desk.inbox.state.copy} == {1, 3}
    assert await desk.consumer.take(second) == Outcome.REPEATED


async def test_i18_poison_that_waited_stops_nobody_either() -> None:
    desk = Desk()
    events = desk.events(4)
    desk.bad = {events[1]["id"], events[2]["id"]}
    for each in reversed(events):
        await desk.consumer.take(each)
    assert desk.handled == [(ADA, 1), (ADA, 4)]
    assert {each.id for each in await desk.consumer.letters()} == desk.bad


async def test_a_letter_that_fails_again_stays() -> None:
    desk = Desk()
    (event,) = desk.events(1)
    desk.bad = {event["id"]}
    await desk.consumer.take(event)
    assert await desk.consumer.revive(event["id"])
    assert len(await desk.consumer.letters()) == 1

    desk.bad.clear()
    assert await desk.consumer.revive(event["id"])
    assert not await desk.consumer.revive(event["id"])
    assert desk.handled == [(ADA, 1)]


async def test_what_may_pass_is_no_fault_of_the_event() -> None:
    desk = Desk()
    (event,) = desk.events(1)
    desk.later = {event["id"]}
    for _ in range(2 * ATTEMPTS):
        with pytest.raises(Later):
            await desk.consumer.take(event)
    desk.later.clear()
    assert await desk.consumer.take(event) == Outcome.HANDLED
    assert not await desk.consumer.letters()


def _without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda event: {key: value for key, value in event.items() if key != name}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _: b"\xff\x00", "cannot be read"),
        (lambda _: b"[" * 100_000, "cannot be read"),
        (lambda _: "[]", "cannot be read"),
        (lambda _: "null", "cannot be read"),
        (lambda event: json.dumps({**event, "data": {"name": "x" * MOST}}), "too long"),
        (_without("id"), "has no 'id'"),
        (_without("aggregateversion"), "has no 'aggregateversion'"),
        (lambda event: {**event, "id": ""}, "id is no short text"),
        (lambda event: {**event, "id": "x" * 1000}, "id is no short text"),
        (lambda event: {**event, "id": "a\0b"}, "id has a character"),
        (lambda event: {**event, "type": "identity.user.*"}, "type is none"),
        (lambda event: {**event, "specversion": "0.3"}, "no CloudEvent 1.0"),
        (lambda event: {**event, "data": []}, "no CloudEvent 1.0"),
        (lambda event: {**event, "aggregateid": "ada"}, "cannot be read"),
        (lambda event: {**event, "aggregateversion": True}, "no count"),
        (lambda event: {**event, "aggregateversion": 1 << 40}, "no count"),
        (lambda event: {**event, "aggregateversion": 0}, "no count"),
    ],
)
async def test_i18_what_is_no_event_is_kept_aside_at_once(spoil: Callable[[Any], Any], said: str) -> None:
    desk = Desk()
    (event,) = desk.events(1)

    assert await desk.consumer.take(spoil(event)) == Outcome.BURIED
    (letter,) = await desk.consumer.letters()
    assert said in letter.reason
    assert len(letter.body) <= 1 << 16
    assert await desk.consumer.take(event) == Outcome.HANDLED

    with pytest.raises(Malformed):
        await desk.consumer.revive(letter.id)
    assert len(await desk.consumer.letters()) == 1


async def test_events_that_nobody_asked_for_leave_no_trace() -> None:
    desk = Desk()
    event = desk.announcer.announce("teams.team.created", ADA)
    assert await desk.consumer.take(event) == Outcome.UNWANTED
    assert not desk.inbox.state.seen


async def test_what_it_does_not_know_is_no_reason_to_refuse() -> None:
    desk = Desk()
    (event,) = desk.events(1)
    event |= {"newattribute": "x", "data": {**event["data"], "more": [1]}}
    assert await desk.consumer.take(event) == Outcome.HANDLED


async def test_a_replay_begins_where_it_is_told_to_with_everything_undone() -> None:
    desk = Desk()
    events = desk.events(3)
    for each in events:
        await desk.consumer.take(each)

    async def reset(kept: dict[Any, Any]) -> None:
        kept.clear()

    await desk.consumer.replay("log.1", reset)

    assert (desk.inbox.state.copy, desk.inbox.state.place) == ({}, "log.1")
    for each in events[1:]:
        assert await desk.consumer.take(each, in_order=True) == Outcome.HANDLED
    assert desk.inbox.state.copy.keys() == {(ADA, 2), (ADA, 3)}


async def test_a_replay_that_cannot_undo_changes_nothing() -> None:
    desk = Desk()
    (event,) = desk.events(1)
    await desk.consumer.take(event)

    async def reset(kept: dict[Any, Any]) -> None:
        kept.clear()
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        await desk.consumer.replay(None, reset)
    assert desk.inbox.state.copy
    assert await desk.consumer.take(event) == Outcome.REPEATED


async def test_events_that_arrive_at_once_are_handled_one_by_one(inbox: SqliteInbox) -> None:
    seen: list[int] = []

    async def handle(event: Event, _: Any) -> None:
        await asyncio.sleep(0)
        seen.append(event.aggregate_version)

    consumer = Consumer(inbox, handle)
    announcer, one = Announcer(), uuid4()
    events = [announcer.announce("identity.user.updated", one) for _ in range(20)]
    await asyncio.gather(*(consumer.take(each) for each in (*reversed(events), *events)))
    assert seen == list(range(1, 21))


async def test_a_store_that_fails_takes_nothing(inbox: SqliteInbox) -> None:
    async def handle(_: Event, __: Any) -> None:
        raise AssertionError

    consumer: Consumer[Any] = Consumer(inbox, handle)
    inbox.database.execute("DROP TABLE inbox_seen")
    with pytest.raises(Exception, match="inbox_seen"):
        await consumer.take(Announcer().announce("identity.user.updated", ADA))
    assert not await consumer.letters()

"""Copying while a queue is read, or another process does the same."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from copies import PEOPLE, Desk, Stopped
from gatewright_events.comparing import differences
from gatewright_events.copying import Copy
from gatewright_events.outcomes import Order, Outcome
from gatewright_events.snapshots import State
from gatewright_events.testing_http import MemoryGatewright

ADA, BOB = UUID(int=1), UUID(int=2)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.inbox.database.close()


@pytest.mark.parametrize("order", list(Order))
async def test_what_comes_by_a_queue_meanwhile_is_neither_undone_nor_done_twice(desk: Desk, order: Order) -> None:
    desk.consumer.order = order
    for n in range(6):
        desk.put(UUID(int=n + 1))
    taken: list[Outcome] = []

    async def arrive(path: str) -> None:
        if path == "/snapshot" and not taken and len(desk.asked(path)) == 2:  # what was answered is old already
            events = [desk.put(UUID(int=6), "new"), desk.put(UUID(int=8)), desk.put(BOB, "Bob")]
            taken.extend([await desk.consumer.take(each) for each in events])

    desk.gatewright.after = arrive
    await desk.subscriber.catch_up()
    complete = order is Order.COMPLETE
    assert taken == [Outcome.HELD if complete else Outcome.HANDLED, Outcome.HANDLED, Outcome.HANDLED]
    assert desk.is_complete()
    assert sorted(desk.handled) == [(BOB, 2), (UUID(int=6), 2), (UUID(int=8), 1)]
    assert not await desk.consumer.letters()


async def test_what_a_queue_told_of_after_the_last_part_stays(desk: Desk) -> None:
    desk.put(ADA)

    async def arrive(path: str) -> None:
        if path == "/snapshot":
            assert await desk.consumer.take(desk.put(BOB)) is Outcome.HANDLED

    desk.gatewright.after = arrive
    assert await desk.subscriber.copy() == 1
    assert desk.is_complete()


async def test_who_reads_what_is_dropped_then_does_not_end_copying_by_others(desk: Desk) -> None:
    for n in range(8):
        desk.put(UUID(int=n + 1))
    await desk.subscriber.catch_up()

    async def stop_after_some(state: State, database: sqlite3.Connection) -> None:
        if state.id == UUID(int=5):
            raise Stopped
        await PEOPLE.load(state, database)

    other = desk.subscribed(Copy("user", stop_after_some, PEOPLE.ids, PEOPLE.drop))

    async def drop(path: str) -> None:
        if path == "" and not desk.gatewright.dropped:  # what is dropped now is answered already
            desk.gatewright.dropped = len(desk.gatewright.events)
            assert await other.take() == 0
            with pytest.raises(Stopped):
                await other.take()

    desk.erase(ADA)
    desk.gatewright.after = drop
    assert await desk.subscriber.take() == 0  # its place is not there any more
    assert await differences(desk.subscriber, PEOPLE) == []
    assert desk.is_complete()


async def test_what_another_process_has_copied_anew_is_not_copied_once_more(desk: Desk) -> None:
    desk.put(ADA)
    await desk.subscriber.catch_up()
    desk.gatewright.log = "two"
    other = desk.subscribed(PEOPLE)

    async def faster(path: str) -> None:
        if path == "":  # refused already, and not read
            desk.gatewright.after = MemoryGatewright().after
            assert await other.catch_up() == 0

    desk.gatewright.after = faster
    assert await desk.subscriber.catch_up() == 0
    assert (len(desk.asked("/snapshot")), desk.is_complete()) == (2, True)


async def test_two_who_share_an_inbox_share_the_work(desk: Desk) -> None:
    for n in range(20):
        desk.put(UUID(int=n + 1))

    async def turns(_: str) -> None:
        await asyncio.sleep(0)

    desk.gatewright.after = turns
    loads: list[UUID] = []

    async def load(state: State, database: sqlite3.Connection) -> None:
        loads.append(state.id)
        await PEOPLE.load(state, database)

    copy = Copy("user", load, PEOPLE.ids, PEOPLE.drop)
    assert sum(await asyncio.gather(*(desk.subscribed(copy).copy() for _ in range(3)))) == 20
    assert len(loads) == 20
    assert desk.is_complete()


async def test_letters_about_whoever_is_not_there_any_more_are_dropped_with_them(desk: Desk) -> None:
    """Their erasure is never heard of: the log had dropped it when the feed was read again."""
    await desk.subscriber.catch_up()  # there is nobody yet

    async def refuse(*_: object) -> None:
        raise ValueError

    async def at_once(_: float) -> None: ...

    desk.consumer.handler, desk.consumer.pause, desk.consumer.patterns = refuse, at_once, ("#",)
    events = [desk.put(each) for each in (ADA, BOB, UUID(int=3))]
    team = desk.gatewright.announce("teams.team.created", UUID(int=4), name="Choir")
    assert await desk.consumer.take("no event") is Outcome.BURIED
    for event in (*events, team):
        assert await desk.consumer.take(event) is Outcome.BURIED
    desk.erase(ADA)
    desk.put(BOB, "Bob")
    desk.gatewright.dropped = len(desk.gatewright.events)
    assert await desk.subscriber.catch_up() == 0

    kept = {each.id for each in await desk.consumer.letters()}
    assert (len(kept), {each["id"] for each in events} & kept) == (4, {each["id"] for each in events[1:]})
    assert desk.inbox.database.execute("SELECT name FROM people ORDER BY id").fetchall() == [("Bob",), ("Ada",)]

"""Beginning with what there is, then following: complete wherever it was stopped, whatever happens meanwhile."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from copies import PEOPLE, Desk, Stopped, in_memory
from gatewright_events.consumer import Consumer
from gatewright_events.copying import Copy
from gatewright_events.events import Event
from gatewright_events.feed import FeedSubscriber
from gatewright_events.outcomes import Order, Outcome
from gatewright_events.snapshots import State
from gatewright_events.testing import MemoryInbox
from gatewright_events.testing_http import ADDRESS, TOKEN, MemoryGatewright

ADA, BOB, EVE = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.inbox.database.close()


async def test_what_there_is_is_loaded_and_only_what_follows_is_handled(desk: Desk) -> None:
    for n in range(10):
        desk.put(UUID(int=n + 1))
        desk.put(UUID(int=n + 1), f"Ada {n}")
    desk.erase(ADA)

    assert await desk.subscriber.copy() == 9
    assert (desk.handled, desk.is_complete()) == ([], True)

    desk.put(BOB, "Bob")
    assert await desk.subscriber.catch_up() == 1
    assert (desk.handled, desk.is_complete()) == ([(BOB, 3)], True)
    assert [asked.get("after") for asked in desk.asked("")] == [f"{desk.gatewright.log}.21"]
    assert await desk.subscriber.copy() == 0


@pytest.mark.parametrize("order", list(Order))
async def test_a_part_may_be_newer_than_where_the_feed_goes_on(desk: Desk, order: Order) -> None:
    desk.consumer.order = order
    for n in range(2, 10):
        desk.put(UUID(int=n))
    left: list[list[Callable[[], object]]] = [
        [lambda: desk.put(UUID(int=9), "new"), lambda: desk.put(UUID(int=30))],
        [lambda: desk.erase(UUID(int=9)), lambda: desk.erase(UUID(int=2))],
        [lambda: desk.put(UUID(int=30), "newer"), lambda: desk.put(ADA), lambda: desk.erase(UUID(int=3))],
    ]

    async def change(path: str) -> None:
        if path == "/snapshot" and len(desk.asked("/snapshot")) > 1 and left:
            for do in left.pop(0):
                do()

    desk.gatewright.before = change
    desk.subscriber.part = 2
    assert await desk.subscriber.catch_up() == 5
    assert not left
    assert desk.is_complete()
    # The ninth was erased before it was looked for: all that is told of it comes by the feed.
    assert desk.handled == [(UUID(int=9), 2), (UUID(int=9), 3), (UUID(int=2), 2), (ADA, 1), (UUID(int=3), 2)]
    assert not await desk.consumer.letters()


@pytest.mark.parametrize("places", range(1, 12))
async def test_who_was_stopped_goes_on_where_they_were(desk: Desk, places: int) -> None:
    for n in range(30):
        desk.put(UUID(int=n + 1))
    loads = 0

    async def load(state: State, database: sqlite3.Connection) -> None:
        nonlocal loads
        loads += 1
        if loads % places == 0:
            raise Stopped
        await PEOPLE.load(state, database)

    stops = 0
    while True:
        try:
            await desk.subscribed(Copy("user", load, PEOPLE.ids, PEOPLE.drop)).catch_up()
        except Stopped:
            stops += 1
            desk.put(UUID(int=stops), "changed")
            desk.put(UUID(int=100 + stops), "new")
            desk.inbox.database.close()
            desk.open()
            if places < 4:  # no part is ever loaded
                break
        else:
            break
    if places < 4:
        assert desk.inbox.database.execute("SELECT count(*) FROM people").fetchone() == (0,)
        return
    assert stops
    assert desk.is_complete()
    assert len({asked.get("after") for asked in desk.asked("/snapshot")}) == len(desk.asked("/snapshot")) - stops


async def test_several_kinds_are_copied_one_after_the_other() -> None:
    gatewright, inbox = MemoryGatewright(), MemoryInbox()
    people, teams = [uuid4() for _ in range(5)], [uuid4() for _ in range(4)]
    for each in people:
        gatewright.announce("identity.user.created", each, name="Ada")
    for each in teams:
        gatewright.announce("teams.team.created", each, name="Choir")

    async def put(event: Event, kept: dict[Any, Any]) -> None:
        kept[event.aggregate_type, event.aggregate_id] = event.data["name"]

    async def change(path: str) -> None:
        if path == "/snapshot" and len(gatewright.asked) == 4:  # people are copied, teams are not
            gatewright.announce("identity.user.updated", people[0], name="Eve")
            gatewright.announce("teams.team.updated", teams[0], name="Band")

    gatewright.before = change
    copies = (in_memory("user"), in_memory("team"))
    feed = FeedSubscriber(Consumer(inbox, put), ADDRESS, TOKEN, gatewright.client(), copies=copies, part=2)
    assert await feed.copy() == 9
    assert inbox.state.place == f"{gatewright.log}.9"
    assert await feed.catch_up() == 1
    assert inbox.state.copy == {(each.kind, each.id): each.data["name"] for each in gatewright.states.values()}


async def test_what_waited_is_settled_by_the_copy(desk: Desk) -> None:
    events = [desk.put(ADA, f"Ada {n}") for n in range(3)]
    await desk.subscriber.copy()
    assert [await desk.consumer.take(each) for each in reversed(events)] == [Outcome.REPEATED] * 3
    assert await desk.consumer.take(desk.put(ADA, "Eve")) is Outcome.HANDLED
    assert not await desk.consumer.letters()
    assert desk.is_complete()


async def test_what_is_there_from_before_and_is_no_more_is_dropped(desk: Desk) -> None:
    for each in (ADA, BOB, EVE):
        await desk.consumer.take(desk.put(each))  # by a queue, without a feed
    desk.erase(BOB)
    desk.put(EVE, "Eve")
    assert await desk.subscriber.copy() == 2
    assert desk.is_complete()


async def test_a_log_that_was_restored_under_its_name_and_ends_before_the_place_is_copied_anew(desk: Desk) -> None:
    for n in range(8):
        desk.put(UUID(int=n + 1))
    await desk.subscriber.catch_up()
    desk.gatewright = MemoryGatewright()
    for n in range(7):
        desk.put(UUID(int=n + 1), "restored")
    desk.subscriber = desk.subscribed(PEOPLE)
    assert await desk.subscriber.catch_up() == 0
    assert desk.is_complete()
    desk.put(ADA, "Eve")
    assert await desk.subscriber.catch_up() == 1
    assert desk.is_complete()


@pytest.mark.parametrize("name", ["restored", "a.b"])
async def test_a_log_that_was_replaced_is_copied_anew(desk: Desk, name: str) -> None:
    for n in range(8):
        desk.put(UUID(int=n + 1))
    await desk.subscriber.catch_up()
    dropped: list[UUID] = []

    async def drop(id_: UUID, database: sqlite3.Connection) -> None:
        dropped.append(id_)
        await PEOPLE.drop(id_, database)

    # A backup: the last event never was, and versions are given again.
    desk.gatewright = MemoryGatewright(name)
    for n in range(7):
        desk.put(UUID(int=n + 1), "restored")
    desk.subscriber = desk.subscribed(Copy("user", PEOPLE.load, PEOPLE.ids, drop))
    assert await desk.subscriber.catch_up() == 0
    assert (dropped, desk.is_complete()) == ([UUID(int=8)], True)
    desk.put(ADA, "Eve")
    assert await desk.subscriber.catch_up() == 1
    assert desk.is_complete()


async def test_a_log_that_is_replaced_meanwhile_is_copied_anew(desk: Desk) -> None:
    for n in range(8):
        desk.put(UUID(int=n + 1))

    async def replace(path: str) -> None:
        if len(desk.asked("/snapshot")) == 2:
            desk.gatewright.log = "two"
            desk.gatewright.states.pop(ADA, None)

    desk.gatewright.before = replace
    await desk.subscriber.catch_up()
    assert desk.is_complete()
    assert desk.inbox.database.execute("SELECT cursor FROM inbox_place").fetchone() == ("two.8",)


async def test_who_begins_to_keep_other_kinds_in_the_middle_begins_anew() -> None:
    gatewright, inbox = MemoryGatewright(), MemoryInbox()
    for n in range(4):
        gatewright.announce("identity.user.created", UUID(int=n + 1), name="Ada")
    gatewright.announce("teams.team.created", UUID(int=9), name="Choir")

    async def stop(path: str) -> None:
        if len(gatewright.asked) == 2:
            raise Stopped

    gatewright.before = stop

    async def pass_over(*_: Any) -> None: ...

    people, teams = in_memory("user"), in_memory("team")
    feed = FeedSubscriber(Consumer(inbox, pass_over), ADDRESS, TOKEN, gatewright.client(), copies=(people,), part=2)
    with pytest.raises(Stopped):
        await feed.copy()
    feed.copies = (teams,)
    assert await feed.copy() == 1
    assert set(inbox.state.versions) == {UUID(int=9)}


def test_parts_of_an_aggregate_are_no_kind_of_their_own() -> None:
    with pytest.raises(ValueError, match="'team_member' is no kind"):
        in_memory("team_member")

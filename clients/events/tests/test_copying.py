"""Beginning with what there is, then following: complete wherever it was stopped, whatever happens meanwhile."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from copies import PEOPLE, Desk, in_memory
from gatewright_events.asking import NoAnswer, Refused
from gatewright_events.consumer import Consumer, Order, Outcome
from gatewright_events.copying import Copy
from gatewright_events.events import Event
from gatewright_events.feed import FeedSubscriber
from gatewright_events.snapshots import State
from gatewright_events.testing import MemoryInbox
from gatewright_events.testing_http import ADDRESS, TOKEN, MemoryGatewright

ADA, BOB, EVE = UUID(int=1), UUID(int=2), UUID(int=3)


class Stopped(Exception):
    pass


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
    assert [asked.get("after") for asked in desk.asked("")] == [f"{desk.gatewright.log}.{n}" for n in (21, 22)]
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


@pytest.mark.parametrize("name", ["restored", "a.b"])
async def test_a_log_that_was_replaced_is_copied_anew(desk: Desk, name: str) -> None:
    for n in range(8):
        desk.put(UUID(int=n + 1))
    await desk.subscriber.catch_up()
    # A backup: the last event never was, and versions are given again.
    desk.gatewright = MemoryGatewright(name)
    for n in range(7):
        desk.put(UUID(int=n + 1), "restored")
    desk.subscriber = desk.subscribed(PEOPLE)
    assert await desk.subscriber.catch_up() == 0
    assert desk.is_complete()
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


async def test_two_who_share_an_inbox_share_the_work(desk: Desk) -> None:
    for n in range(20):
        desk.put(UUID(int=n + 1))
    loads: list[UUID] = []

    async def load(state: State, database: sqlite3.Connection) -> None:
        loads.append(state.id)
        await PEOPLE.load(state, database)

    copy = Copy("user", load, PEOPLE.ids, PEOPLE.drop)
    assert sum(await asyncio.gather(*(desk.subscribed(copy).copy() for _ in range(3)))) == 20
    assert len(loads) == 20
    assert desk.is_complete()


GOOD = {"kind": "user", "id": str(ADA), "version": 1, "organization_id": None, "data": {"name": "Ada"}}
HEAD, END = {"cursor": "log.1", "kind": "user"}, {"complete": True, "next": None, "refusal": None}


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [HEAD],
        [HEAD, GOOD],
        [HEAD, {**GOOD, "version": True}, END],
        [HEAD, {**GOOD, "version": -1}, END],
        [HEAD, {**GOOD, "id": "ada"}, END],
        [HEAD, {**GOOD, "data": []}, END],
        [HEAD, {**GOOD, "kind": "team"}, END],
        [HEAD, GOOD, GOOD, END],
        [HEAD, {**GOOD, "id": str(BOB)}, GOOD, END],
        [HEAD, [], END],
        [{"cursor": 1, "kind": "user"}, GOOD, END],
        [HEAD, GOOD, {"complete": False, "next": None}],
        [HEAD, GOOD, {"complete": False, "next": str(BOB)}],
        [HEAD, {"complete": False, "next": str(ADA), "refusal": "auth.forbidden"}],
    ],
)
async def test_an_answer_that_is_no_snapshot_loads_nothing(
    desk: Desk, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    monkeypatch.setattr(desk.gatewright, "answer", lambda _: httpx2.Response(200, text=text))
    with pytest.raises(NoAnswer, match="not with a snapshot"):
        await desk.subscribed(PEOPLE).take()
    assert desk.inbox.database.execute("SELECT count(*) FROM people").fetchone() == (0,)


async def test_who_may_not_read_is_told_so(desk: Desk) -> None:
    subscriber = desk.subscribed(PEOPLE)
    subscriber.credential = "another"
    with pytest.raises(Refused):
        await subscriber.run()


def test_parts_of_an_aggregate_are_no_kind_of_their_own() -> None:
    with pytest.raises(ValueError, match="'team_member' is no kind"):
        in_memory("team_member")

"""Telling whether a copy is complete, where it is not, and mending just that."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from copies import PEOPLE, Desk, in_memory
from gatewright_events.asking import NoAnswer
from gatewright_events.comparing import differences, reload
from gatewright_events.consumer import Consumer
from gatewright_events.digests import digest_of
from gatewright_events.feed import FeedSubscriber
from gatewright_events.kinds import KINDS, take_all_of
from gatewright_events.outcomes import Outcome
from gatewright_events.testing import MemoryInbox
from gatewright_events.testing_http import ADDRESS, TOKEN, MemoryGatewright

ADA, BOB = UUID(int=1), UUID(int=2)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    for n in range(40):
        made.put(UUID(int=n + 1))
    yield made
    made.inbox.database.close()


def test_the_digest_is_the_one_of_the_documentation() -> None:
    # printf 01a20152-8a1e-7b95-bab4-3ecd3b3f6a12:3 | sha256sum
    one, other = (UUID("01a20152-8a1e-7b95-bab4-3ecd3b3f6a12"), 3), (ADA, 1)
    assert digest_of([]) == "0" * 16
    assert digest_of([one]) == "b332a53dd30f7d90"
    assert digest_of([one, other]) == digest_of([other, one]) == "e19d5c0eb52508ec"


async def test_a_copy_is_compared_as_of_the_digest_whatever_changes_then(desk: Desk) -> None:
    await desk.subscriber.copy()
    desk.put(ADA, "Eve")
    desk.erase(BOB)

    async def change(path: str) -> None:
        if path == "/digest":  # answered already: what comes now is beyond it
            desk.put(ADA, "Ada")
            desk.put(UUID(int=50))

    desk.gatewright.after = change
    assert await differences(desk.subscriber, PEOPLE) == []
    assert desk.handled == [(ADA, 2), (BOB, 2)]
    assert await desk.subscriber.catch_up() == 2


async def test_it_goes_no_further_than_the_digest_though_little_is_wanted(desk: Desk) -> None:
    await desk.subscriber.copy()

    async def change(path: str) -> None:
        if path == "/digest":
            for _ in range(3):
                desk.gatewright.announce("teams.team.created", UUID(int=60), name="Choir")

    desk.gatewright.after = change
    for _ in range(2):
        desk.gatewright.announce("teams.team.updated", UUID(int=60), name="Choir")
    assert await differences(desk.subscriber, PEOPLE) == []
    assert desk.cursor() == f"{desk.gatewright.log}.42"


async def test_what_a_queue_brings_meanwhile_waits(desk: Desk) -> None:
    await desk.subscriber.copy()
    taking: list[asyncio.Task[Outcome]] = []

    async def change(path: str) -> None:
        if path == "/digest":
            taking.append(asyncio.create_task(desk.consumer.take(desk.put(ADA, "Eve"))))
            await asyncio.sleep(0)

    desk.gatewright.after = change
    assert await differences(desk.subscriber, PEOPLE) == []
    assert await taking[0] is Outcome.HANDLED


@pytest.mark.parametrize(
    "spoil",
    [
        "DELETE FROM people WHERE id = '00000000-0000-0000-0000-000000000021'",
        "INSERT INTO people VALUES ('00000000-0000-0000-0000-000000000021x', 'nobody')",
        "UPDATE inbox_aggregates SET version = 2 WHERE aggregate_id = '00000000-0000-0000-0000-000000000021'",
        "UPDATE inbox_aggregates SET version = 0 WHERE aggregate_id = '00000000-0000-0000-0000-000000000021'",
    ],
)
async def test_names_the_range_that_differs_and_no_other(desk: Desk, spoil: str) -> None:
    await desk.subscriber.copy()
    if "x'" in spoil:
        desk.erase(UUID(int=0x21))
        await desk.subscriber.catch_up()
        spoil = spoil.replace("x'", "'")
        desk.inbox.database.execute("DELETE FROM inbox_aggregates WHERE aggregate_id LIKE '%21'")
    desk.inbox.database.execute(spoil)

    (found,) = await differences(desk.subscriber, PEOPLE, parts=4)

    assert found.first <= UUID(int=0x21) <= found.last
    (narrow,) = await differences(desk.subscriber, PEOPLE, first=found.first, last=found.last, parts=10)
    assert narrow.first <= UUID(int=0x21) <= narrow.last
    assert narrow.last.int - narrow.first.int < 2


async def test_a_range_is_mended_and_nothing_else_is_touched(desk: Desk) -> None:
    await desk.subscriber.copy()
    gone, lost, wrong, other = (UUID(int=n) for n in (0x10, 0x11, 0x12, 0x28))
    desk.erase(gone)
    await desk.subscriber.catch_up()
    for id_, name in ((gone, "back"), (wrong, "wrong"), (other, "another's")):
        desk.inbox.database.execute("INSERT OR REPLACE INTO people VALUES (?, ?)", (str(id_), name))
    desk.inbox.database.execute("DELETE FROM people WHERE id = ?", (str(lost),))
    before = len(desk.asked("/snapshot"))

    (found,) = await differences(desk.subscriber, PEOPLE, parts=4)
    assert await reload(desk.subscriber, PEOPLE, first=found.first, last=found.last) == found.count

    assert await differences(desk.subscriber, PEOPLE) == []
    assert found.last < other
    names = dict(desk.inbox.database.execute("SELECT id, name FROM people").fetchall())
    assert names.pop(str(other)) == "another's"
    assert names == {str(each.id): "Ada" for each in desk.gatewright.states.values() if each.id != other}
    assert len(desk.asked("/snapshot")) - before <= found.count // desk.subscriber.part + 2


async def test_what_another_process_handles_meanwhile_is_not_undone(desk: Desk) -> None:
    await desk.subscriber.copy()
    other = Consumer(desk.inbox, desk.handle, ("identity.user.*",))

    async def arrive(path: str) -> None:
        if path == "/snapshot" and UUID(int=90) not in desk.gatewright.states:
            for each in (desk.put(UUID(int=90)), desk.put(ADA, "Eve")):
                assert await other.take(each) is Outcome.HANDLED

    desk.gatewright.after = arrive
    desk.subscriber.part = 100
    assert await reload(desk.subscriber, PEOPLE) == 39
    assert desk.is_complete()


async def test_a_kind_that_was_not_kept_before_is_copied_later() -> None:
    gatewright, inbox = MemoryGatewright(), MemoryInbox()
    for n in range(5):
        gatewright.announce("teams.team.created", UUID(int=n + 1), name="Choir")

    async def pass_over(*_: Any) -> None: ...

    feed = FeedSubscriber(Consumer(inbox, pass_over), ADDRESS, TOKEN, gatewright.client(), part=2)
    await feed.catch_up()
    teams = in_memory("team")
    assert len(await differences(feed, teams)) > 1
    assert await reload(feed, teams) == 5
    assert await differences(feed, teams) == []
    assert len(inbox.state.copy) == 5


async def test_what_was_never_announced_does_not_count() -> None:
    gatewright, inbox = MemoryGatewright(), MemoryInbox()

    async def pass_over(*_: Any) -> None: ...

    gatewright.announce("access.role.created", UUID(int=1), name="owner")
    gatewright.events.clear()
    state = gatewright.states[UUID(int=1)]
    gatewright.states[state.id] = type(state)("role", state.id, 0, None, {"name": "owner"})
    roles = in_memory("role")
    feed = FeedSubscriber(Consumer(inbox, pass_over), ADDRESS, TOKEN, gatewright.client(), copies=(roles,))
    assert await feed.copy() == 1
    assert await differences(feed, roles) == []


async def test_who_leaves_out_events_cannot_compare_versions(desk: Desk) -> None:
    desk.consumer.patterns = ("identity.user.created", "identity.user.erased")
    with pytest.raises(ValueError, match="leave out"):
        await differences(desk.subscriber, PEOPLE)


@pytest.mark.parametrize(
    ("patterns", "kinds"),
    [
        (("#",), set(KINDS)),
        (("identity.*.*",), {"user", "service_account"}),
        (("teams.team.*",), set()),
        (("teams.team.*", "teams.member.*"), {"team"}),
        (("*.team.*", "teams.*.created"), set()),
        ((), set()),
    ],
)
def test_knows_which_patterns_leave_nothing_out(patterns: tuple[str, ...], kinds: set[str]) -> None:
    assert {kind for kind in KINDS if take_all_of(kind, patterns)} == kinds


async def test_a_log_that_was_replaced_cannot_be_compared_before_it_is_copied(desk: Desk) -> None:
    await desk.subscriber.copy()
    desk.gatewright.log = "two"
    with pytest.raises(NoAnswer):
        await differences(desk.subscriber, PEOPLE)
    assert await differences(desk.subscriber, PEOPLE) == []


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(503, json={"code": "service.overloaded"}),
        httpx2.Response(422, json={"code": "events.digest_too_large"}),
        httpx2.Response(200, text="["),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, json={"cursor": "one.1"}),
        httpx2.Response(200, json={"cursor": "one.1", "ranges": [{"first": "a"}]}),
        httpx2.Response(
            200, json={"cursor": "one.1", "ranges": [{"count": "1", "digest": "", "first": "", "last": ""}]}
        ),
    ],
    ids=lambda each: each.text[:20],
)
async def test_any_other_answer_says_nothing(
    desk: Desk, answer: httpx2.Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.subscriber.copy()
    monkeypatch.setattr(desk.gatewright, "answer", lambda _: answer)
    with pytest.raises(NoAnswer, match=answer.json()["code"] if answer.status_code != 200 else "not with a digest"):
        await differences(desk.subscribed(), PEOPLE)

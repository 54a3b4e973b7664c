"""The example's projection: events once each, however they arrive."""

import json
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from sqlite3 import Connection
from uuid import UUID

import pytest

from domain.kernel.ids import uuid7
from examples.user_service.__main__ import consumer, mended
from examples.user_service.projection import PEOPLE, reset
from gatewright_events.consumer import Consumer
from gatewright_events.feed import FeedSubscriber
from gatewright_events.outcomes import Outcome
from gatewright_events.sqlite import SqliteInbox
from gatewright_events.testing_http import ADDRESS, TOKEN, MemoryGatewright
from tests.support.builders.people import person_event

STORY = ["created", "updated", "deactivated", "password_changed"]


@pytest.fixture
def taking(tmp_path: Path) -> Iterator[Consumer[Connection]]:
    made = consumer(str(tmp_path / "users.sqlite3"))
    yield made
    database(made).close()


def database(taking: Consumer[Connection]) -> Connection:
    assert isinstance(taking.inbox, SqliteInbox)
    return taking.inbox.database


def known(taking: Consumer[Connection], person: UUID) -> tuple[object, ...] | None:
    rows = database(taking).execute("SELECT email, full_name, is_active FROM users WHERE user_id = ?", (str(person),))
    found: tuple[object, ...] | None = rows.fetchone()
    return found


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
async def test_i18_every_order_of_arrival_ends_the_same(taking: Consumer[Connection], order: tuple[int, ...]) -> None:
    person = uuid7()
    events = [person_event(what, person, version, f"{version}@example.org") for version, what in enumerate(STORY, 1)]
    for place in order:
        assert await taking.take(json.dumps(events[place])) in {Outcome.HANDLED, Outcome.HELD}
    assert known(taking, person) == ("2@example.org", "Ada 2", 0)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_i18_whoever_is_gone_stays_so(taking: Consumer[Connection], order: tuple[int, ...]) -> None:
    person = uuid7()
    events = [person_event(what, person, version) for version, what in enumerate(["created", "updated", "erased"], 1)]
    for place in order:
        await taking.take(json.dumps(events[place]))
    assert known(taking, person) is None


async def test_i18_a_repetition_changes_nothing(taking: Consumer[Connection]) -> None:
    body = json.dumps(person_event("created", uuid7(), 1))
    assert [await taking.take(body) for _ in range(3)] == [Outcome.HANDLED, Outcome.REPEATED, Outcome.REPEATED]


async def test_what_was_announced_before_somebody_was_erased_brings_nobody_back(
    taking: Consumer[Connection],
) -> None:
    person = uuid7()
    made = person_event("created", person, 1)
    await taking.take({**made, "erased": True, "data": {**made["data"], "email": None, "full_name": None}})
    assert known(taking, person) is None


@pytest.mark.parametrize("data", [{}, {"email": {}, "full_name": None}, {"email": "a@b.example"}])
async def test_i18_what_cannot_be_projected_changes_nothing(taking: Consumer[Connection], data: object) -> None:
    good = person_event("created", uuid7(), 1)
    assert await taking.take({**good, "data": data}) == Outcome.BURIED
    assert database(taking).execute("SELECT count(*) FROM users").fetchone() == (0,)
    (letter,) = await taking.letters()
    assert (letter.id, letter.attempts) == (good["id"], 5)


async def test_who_is_new_begins_with_those_who_are_there(taking: Consumer[Connection]) -> None:
    gatewright, ada, bob = MemoryGatewright(), uuid7(), uuid7()
    for person, email in ((ada, "ada@example.org"), (bob, "bob@example.org")):
        gatewright.announce("identity.user.created", person, email=email, full_name=None, is_active=True)
    gatewright.announce("identity.user.deactivated", bob, is_active=False)
    feed = FeedSubscriber(taking, ADDRESS, TOKEN, gatewright.client(), copies=(PEOPLE,))

    assert await feed.catch_up() == 0
    assert (known(taking, ada), known(taking, bob)) == (("ada@example.org", None, 1), ("bob@example.org", None, 0))

    gatewright.announce("identity.user.erased", ada, ends=True)
    assert await feed.catch_up() == 1
    assert known(taking, ada) is None


async def test_what_differs_is_told_and_mended(
    taking: Consumer[Connection], capsys: pytest.CaptureFixture[str]
) -> None:
    gatewright, person = MemoryGatewright(), uuid7()
    gatewright.announce("identity.user.created", person, email="ada@example.org", full_name=None, is_active=True)
    feed = FeedSubscriber(taking, ADDRESS, TOKEN, gatewright.client(), copies=(PEOPLE,))
    await feed.catch_up()
    await reset(database(taking))

    assert [await mended(feed), await mended(feed)] == [None, None]
    differed, complete = capsys.readouterr().out.splitlines()
    assert (differed.startswith("differed from "), differed.endswith("copied 1"), complete) == (True, True, "complete")
    assert known(taking, person)


async def test_what_cannot_be_compared_says_why(taking: Consumer[Connection]) -> None:
    refused = FeedSubscriber(taking, ADDRESS, "another", MemoryGatewright().client(), copies=(PEOPLE,))
    assert await mended(refused) == f"{ADDRESS} refuses the token (401)"
    assert await mended(None) == "name the service and a token: GATEWRIGHT_URL and GATEWRIGHT_TOKEN"


async def test_a_replay_makes_the_same_again(taking: Consumer[Connection]) -> None:
    person = uuid7()
    events = [person_event(what, person, version) for version, what in enumerate(STORY, 1)]
    for each in events:
        await taking.take(each)
    before = known(taking, person)

    await taking.replay(None, reset)
    assert known(taking, person) is None
    for each in events:
        assert await taking.take(each, in_order=True) == Outcome.HANDLED
    assert known(taking, person) == before

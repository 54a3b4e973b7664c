"""The example's projection: events once each, in any order."""

import json
from itertools import permutations
from pathlib import Path
from uuid import UUID

import pytest

from domain.kernel.ids import uuid7
from examples.user_service.projection import Projection
from tests.support.builders.people import person_event


@pytest.fixture
def projection(tmp_path: Path) -> Projection:
    return Projection.open(str(tmp_path / "users.sqlite3"))


def known(projection: Projection, person: UUID) -> tuple[object, ...]:
    rows = projection.database.execute(
        "SELECT email, full_name, is_active, is_deleted FROM users WHERE user_id = ?", (str(person),)
    )
    return tuple(rows.fetchone())


STORY = ["created", "updated", "deactivated", "password_changed"]


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_i18_every_order_of_arrival_ends_the_same(projection: Projection, order: tuple[int, ...]) -> None:
    person = uuid7()
    events = [person_event(what, person, version, f"{version}@example.org") for version, what in enumerate(STORY, 1)]
    for place in order:
        assert projection.apply(json.dumps(events[place]))
    assert known(projection, person) == ("2@example.org", "Ada 2", 0, 0)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_i18_whoever_was_deleted_stays_so(projection: Projection, order: tuple[int, ...]) -> None:
    person = uuid7()
    events = [person_event(what, person, version) for version, what in enumerate(["created", "updated", "erased"], 1)]
    for place in order:
        projection.apply(json.dumps(events[place]))
    assert known(projection, person) == (None, None, 0, 1)


def test_i18_a_repetition_changes_nothing(projection: Projection) -> None:
    body = json.dumps(person_event("created", uuid7(), 1))
    assert [projection.apply(body) for _ in range(3)] == [True, False, False]


GOOD = person_event("created", uuid7(), 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        json.dumps({**GOOD, "specversion": "2.0"}).encode(),
        json.dumps({**GOOD, "aggregateversion": "1"}).encode(),
        json.dumps({**GOOD, "aggregateversion": True}).encode(),
        json.dumps({**GOOD, "aggregateversion": 2**64}).encode(),
        json.dumps({**GOOD, "id": None}).encode(),
        json.dumps({**GOOD, "id": "\ud800"}).encode(),
        json.dumps({**GOOD, "data": {}}).encode(),
        json.dumps({**GOOD, "data": {"email": {}, "full_name": None}}).encode(),
    ],
    ids=range(13),
)
def test_i18_what_is_no_event_changes_nothing(projection: Projection, body: bytes) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - any refusal will do
        projection.apply(body)
    for table in ("inbox", "users"):
        assert projection.database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert projection.apply(json.dumps(GOOD))

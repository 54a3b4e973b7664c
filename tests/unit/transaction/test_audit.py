"""What the audit trail says, and what its authentication covers."""

from dataclasses import replace
from datetime import timedelta, timezone
from hashlib import sha256
from hmac import digest
from typing import Any
from uuid import UUID

import msgspec
import pytest

from core.audit.leaves import leaf
from core.audit.sealing import DeploymentSeal
from core.postgres.audit import Changed, Entry, Place, about, entry
from core.secrets import Sealed
from domain.events.commands.replay_events import ReplayEvents
from domain.events.queries.read_snapshot import ReadSnapshot
from domain.kernel.access import Actor, Origin
from domain.kernel.ids import OrganizationId, UserId, uuid7
from domain.kernel.usecases import use_case as declared
from tests.contracts.transaction import NOW, ORGANIZATION, ORIGIN, TRACE, NameThing, somebody, use_case

PLACE = Place("192.0.2.7", "Firefox, Linux")
ENTRY = Entry("tests.thing.name", "done", "anonymous", "thing:1", ORGANIZATION, NOW, uuid7(), PLACE, "1" * 32)
EARLIER = {"form": 1, "person_id": None, "place": None, "trace": None}
NOWHERE = replace(ENTRY, place=None)
SEAL = DeploymentSeal(Sealed(b"the key that seals the places 32"))
THING = UUID("01890000-0000-7000-8000-000000000001")


def said_of(message: NameThing, actor: Actor | None = None, changed: str | None = None) -> Entry:
    return entry(use_case(), message, actor, "done", Changed(changed), ORIGIN, TRACE, NOW)


def test_the_target_is_the_first_id_of_the_message_that_is_no_secret() -> None:
    said = said_of(NameThing(token_id=uuid7(), thing_id=THING))
    assert said.target == f"thing:{THING}"


def test_what_was_changed_goes_before_what_was_named() -> None:
    said = said_of(NameThing(token_id=uuid7(), thing_id=THING), changed="thing:2")
    assert said.target == "thing:2"


def test_a_field_that_is_the_target_goes_before_ids() -> None:
    replay = ReplayEvents(queue="people", organization_id=ORGANIZATION)
    said = entry(declared(ReplayEvents), replay, None, "done", Changed(), ORIGIN, TRACE, NOW)
    assert (said.target, said.organization_id) == ("queue:people", ORGANIZATION)


def test_what_somebody_wrote_is_said_without_what_cannot_be_kept() -> None:
    message = ReadSnapshot(kind="us\x00er\n\u202e")
    said = entry(declared(ReadSnapshot), message, None, "events.kind_unknown", Changed(), ORIGIN, TRACE, NOW)
    assert said.target == "kind:us\ufffder\ufffd\ufffd"


@pytest.mark.parametrize("named", [ORGANIZATION, None])
def test_the_organization_is_that_of_the_message_else_of_the_actor(named: OrganizationId | None) -> None:
    own = OrganizationId(uuid7())
    message = NameThing(token_id=uuid7(), thing_id=THING, organization_id=named)
    assert said_of(message, somebody(own)).organization_id == (named or own)


@pytest.mark.parametrize(
    "change",
    [
        {"action": "other"},
        {"outcome": "failed"},
        {"actor": "user:1"},
        {"target": None},
        {"organization_id": None},
        {"occurred_at": NOW + timedelta(microseconds=1)},
        {"id": uuid7()},
        {"person_id": None},
        {"place": b"other"},
        {"place": None},
        {"trace": None},
        EARLIER,
    ],
)
def test_every_field_is_authenticated(change: dict[str, Any]) -> None:
    written = stored(ENTRY)
    assert leaf(b"key", written) == written["leaf"]
    assert leaf(b"key", written | change) != written["leaf"]


def test_the_same_moment_is_the_same_leaf_in_every_zone() -> None:
    elsewhere = replace(NOWHERE, occurred_at=NOW.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert stored(elsewhere)["leaf"] == stored(NOWHERE)["leaf"]


def test_fields_cannot_run_into_one_another() -> None:
    one, other = replace(NOWHERE, action="a", outcome='","b'), replace(NOWHERE, action='a","', outcome="b")
    assert stored(one)["leaf"] != stored(other)["leaf"]


def test_nobody_writes_another_form() -> None:
    with pytest.raises(ValueError, match="form 3"):
        leaf(b"key", stored(ENTRY) | {"form": 3})


def test_entries_of_the_release_before_are_still_authentic() -> None:
    before = ("id", "action", "outcome", "actor", "target", "organization_id")
    said = [*(getattr(ENTRY, name) for name in before), "2030-01-02T03:04:05.678901+00:00"]
    assert leaf(b"key", stored(ENTRY) | EARLIER) == digest(b"key", msgspec.json.encode(said), sha256)


def test_a_place_is_bound_to_its_entry_and_its_person() -> None:
    sealed = stored(ENTRY)["place"]
    assert SEAL.open(ENTRY.person_id, sealed, about(ENTRY.id)) == msgspec.json.encode(PLACE)
    for person, where in ((None, ENTRY.id), (ENTRY.person_id, uuid7())):
        with pytest.raises(ValueError, match="moved"):
            SEAL.open(person, sealed, about(where))


def test_without_a_seal_no_place_is_kept() -> None:
    assert ENTRY.row(b"key", None)["place"] is None


@pytest.mark.parametrize("origin", [Origin(), Origin(None, "???")])
def test_of_an_unknown_place_nothing_is_said(origin: Origin) -> None:
    assert Place.of(origin) is None


def test_operators_are_nobody_whose_data_is_kept() -> None:
    operator = Actor(UserId(UUID(int=0)), somebody().session_id, None, 0)
    assert said_of(NameThing(token_id=uuid7(), thing_id=THING), operator).person_id is None


def stored(written: Entry) -> dict[str, Any]:
    """Return the row, as Postgres gives it back."""
    row = written.row(b"key", SEAL)
    return row | {name: row[name] and bytes.fromhex(row[name]) for name in ("place", "leaf")}

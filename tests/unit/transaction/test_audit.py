"""What the audit trail says, and what its authentication covers."""

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from core.postgres.audit import Entry, entry
from domain.kernel.ids import OrganizationId, uuid7
from tests.contracts.transaction import NOW, ORGANIZATION, NameThing, somebody, use_case

ENTRY = Entry("tests.thing.name", "done", "anonymous", "thing:1", ORGANIZATION, NOW)
THING = UUID("01890000-0000-7000-8000-000000000001")


def test_the_target_is_the_first_id_of_the_message_that_is_no_secret() -> None:
    said = entry(use_case(), NameThing(token_id=uuid7(), thing_id=THING), None, "done", None, NOW)
    assert said.target == f"thing:{THING}"


def test_what_was_changed_goes_before_what_was_named() -> None:
    said = entry(use_case(), NameThing(token_id=uuid7(), thing_id=THING), None, "done", "thing:2", NOW)
    assert said.target == "thing:2"


@pytest.mark.parametrize("named", [ORGANIZATION, None])
def test_the_organization_is_that_of_the_message_else_of_the_actor(named: OrganizationId | None) -> None:
    own = OrganizationId(uuid7())
    message = NameThing(token_id=uuid7(), thing_id=THING, organization_id=named)
    assert entry(use_case(), message, somebody(own), "done", None, NOW).organization_id == (named or own)


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
    ],
)
def test_every_field_is_authenticated(change: dict[str, Any]) -> None:
    assert replace(ENTRY, **change).leaf(b"key") != ENTRY.leaf(b"key")


def test_the_same_moment_is_the_same_leaf_in_every_zone() -> None:
    elsewhere = replace(ENTRY, occurred_at=NOW.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert elsewhere.leaf(b"key") == ENTRY.leaf(b"key")


def test_fields_cannot_run_into_one_another() -> None:
    assert replace(ENTRY, action="a", outcome='","b').leaf(b"key") != replace(ENTRY, action='a","', outcome="b").leaf(
        b"key"
    )


def test_neither_secrets_nor_the_rest_of_the_message_are_in_it() -> None:
    token = uuid7()
    said = entry(use_case(), NameThing(token_id=token, thing_id=THING, name="Ada"), None, "done", None, NOW)
    assert str(token) not in repr(said)
    assert "Ada" not in repr(said)

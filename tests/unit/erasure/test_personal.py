"""Personal data in events: declared, sealed, and lost with the key."""

import json
from typing import get_args, get_type_hints
from uuid import UUID

import msgspec
import pytest

from core.audit.sealing import DeploymentSeal, OwnSeal, PersonalSeal
from core.discovery import load_use_cases
from core.personal import SEALED, PersonalKeys, new_salt
from core.postgres.dossiers import ABOUT, NAMING, PEOPLE
from core.secrets import Secrets, seal
from domain.identity.events import UserCreated, UserUpdated
from domain.kernel.events import Event, personal
from domain.kernel.ids import uuid7

OLD, NEW = b"a master secret of the year before", b"a master secret of the present year"
KEYS = PersonalKeys.of(Secrets(NEW))
ADA, EVENT = UUID(int=1), UUID(int=2)
DATA = {"user_id": str(ADA), "email": "ada@example.org", "email_verified": True, "full_name": None}
NAMES = ("email", "full_name")

TELLING = {
    "email",
    "name",
    "username",
    "address",
    "phone",
    "birth",
    "gender",
    "picture",
    "locale",
    "zone",
    "agent",
    "ip",
}
"""Words in the names of fields that say something about somebody."""
OF_THINGS = {
    "OrganizationCreated.name",
    "OrganizationUpdated.name",
    "PolicyModelDeleted.name",
    "PolicyModelChanged.name",
    "RoleCreated.name",
    "RoleDeleted.name",
    "RoleUpdated.name",
    "ServiceAccountCreated.name",
    "ServiceAccountUpdated.name",
    "TeamCreated.name",
    "TeamUpdated.name",
    "VisibilityGroupCreated.name",
    "VisibilityGroupUpdated.name",
}
"""Fields that name what is no person."""
EVENTS = sorted({event for case in load_use_cases() for event in case.emits}, key=lambda event: event.__name__)


def fields(kind: type[Event]) -> dict[str, type]:
    return {name: hint for name, hint in get_type_hints(kind).items() if name not in get_type_hints(Event)}


def test_e13_what_names_somebody_is_declared_personal() -> None:
    found = {
        f"{kind.__name__}.{name}"
        for kind in EVENTS
        for name, hint in fields(kind).items()
        if TELLING & {*name.split("_")} and hint is not bool and name not in personal(kind)
    }
    assert found == OF_THINGS


def test_e13_whoever_an_event_names_finds_it_in_their_dossier() -> None:
    naming = {
        (kind.type, name)
        for kind in EVENTS
        for name, hint in fields(kind).items()
        if UUID in {hint, *get_args(hint)} and name.endswith(("user_id", "subject_id", "owner_id", "_by"))
    }
    assert {name for _, name in naming} == set(PEOPLE)
    assert {kind for kind, name in naming if f"'{name}'" not in ABOUT} == set(NAMING)


def test_e13_every_event_with_personal_fields_says_whom_they_are_about() -> None:
    assert {UserCreated, UserUpdated} <= {kind for kind in EVENTS if personal(kind)}
    assert all(fields(kind)[kind.about] is UUID for kind in EVENTS if personal(kind))


def test_e13_what_is_stored_says_nothing_about_the_person() -> None:
    stored = KEYS.hide(DATA, NAMES, ADA, new_salt(), EVENT)
    assert {name: stored[name] for name in DATA} == DATA | {"email": None}
    assert stored[SEALED][0] == str(ADA)
    assert "ada@" not in json.dumps(stored)


def test_e13_with_the_salt_it_is_as_it_was_stated() -> None:
    salt = new_salt()
    assert KEYS.show(json.dumps(KEYS.hide(DATA, NAMES, ADA, salt, EVENT)), salt, EVENT) == (DATA, False)


def test_e13_without_it_the_fields_are_null() -> None:
    stored = json.dumps(KEYS.hide(DATA, NAMES, ADA, new_salt(), EVENT))
    assert KEYS.show(stored, None, EVENT) == (DATA | {"email": None}, True)


def test_e13_what_is_said_after_the_erasure_is_lost_at_once() -> None:
    stored = json.dumps(KEYS.hide(DATA, NAMES, ADA, None, EVENT))
    assert KEYS.show(stored, new_salt(), EVENT) == (DATA | {"email": None}, True)


@pytest.mark.parametrize("data", ['{"email": "ada@example.org"}', "[]", "null", '"@sealed"'])
def test_what_has_nothing_sealed_is_as_it_is(data: str) -> None:
    shown, erased = KEYS.show(data, None, EVENT)
    assert (json.loads(msgspec.json.encode(shown)), erased) == (json.loads(data), False)


def test_e13_a_former_master_secret_still_opens() -> None:
    salt = new_salt()
    stored = json.dumps(PersonalKeys.of(Secrets(OLD)).hide(DATA, NAMES, ADA, salt, EVENT))
    assert PersonalKeys.of(Secrets(NEW, (OLD,))).show(stored, salt, EVENT) == (DATA, False)
    with pytest.raises(ValueError, match="another key"):
        KEYS.show(stored, salt, EVENT)


def test_e13_no_other_salt_and_no_other_event_opens_it() -> None:
    salt = new_salt()
    stored = json.dumps(KEYS.hide(DATA, NAMES, ADA, salt, EVENT))
    for other, event in ((new_salt(), EVENT), (salt, uuid7())):
        with pytest.raises(ValueError, match="another key"):
            KEYS.show(stored, other, event)


def test_without_any_key_nothing_is_sealed() -> None:
    with pytest.raises(ValueError, match="no key"):
        PersonalKeys().hide(DATA, NAMES, ADA, new_salt(), EVENT)


def seals(**salts: bytes) -> PersonalSeal:
    known = {UUID(int=int(name[1:])): salt for name, salt in salts.items()}
    return OwnSeal(KEYS, DeploymentSeal(seal(Secrets(NEW)))).knowing(known)


@pytest.mark.parametrize("person", [ADA, None])
def test_e13_what_is_kept_about_somebody_opens_as_long_as_they_are_there(person: UUID | None) -> None:
    kept = seals(p1=new_salt())
    sealed = kept.seal(person, b"192.0.2.1", b"entry")
    assert sealed
    assert b"192.0.2.1" not in sealed
    assert kept.open(person, sealed, b"entry") == b"192.0.2.1"
    with pytest.raises(ValueError, match="moved"):
        kept.open(person, sealed, b"another entry")


def test_e13_of_whoever_was_erased_nothing_is_kept() -> None:
    sealed = seals(p1=new_salt()).seal(ADA, b"192.0.2.1", b"entry")
    assert sealed
    assert seals().open(ADA, sealed, b"entry") is None
    assert seals().seal(ADA, b"192.0.2.1", b"entry") is None


def test_e13_nobody_opens_what_is_kept_about_others() -> None:
    salt = new_salt()
    kept = seals(p1=salt, p2=salt)
    sealed = kept.seal(ADA, b"192.0.2.1", b"entry")
    assert sealed
    with pytest.raises(ValueError, match="moved"):
        kept.open(UUID(int=2), sealed, b"entry")

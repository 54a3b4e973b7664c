"""What every test that announces something is held to, and that it can fail."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from jsonschema_rs import ValidationError

from core.event_examples import AGGREGATES
from core.event_schemas import declared, schema
from core.postgres.flush import Fact
from domain.kernel.events import Event
from tests.support.app import App
from tests.support.emitted import admitted

SECRETS = ("code", "credential", "hash", "key", "password", "salt", "secret", "seed", "token")
HARMLESS = {"token_id"}
"""Names of things, and not the things."""

every_event = pytest.mark.parametrize(
    "kind", declared().values(), ids=lambda kind: f"{kind.type}.v{kind.schema_version}"
)


def fact(**data: Any) -> Fact:
    made = {"user_id": str(uuid4()), "occurred_at": "2026-01-02T03:04:05Z"} | data
    return Fact("user", uuid4(), 1, "identity.user.deactivated", 1, made, None, None, None)


@every_event
def test_no_field_is_called_what_a_secret_is(kind: type[Event]) -> None:
    assert not [name for name in _names(schema(kind)) if any(each in name for each in SECRETS) and name not in HARMLESS]


@pytest.mark.parametrize(
    "secret",
    [
        "gws_4rJzq8X0",
        "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_a_value_that_looks_like_a_secret_fails_the_test(secret: str) -> None:
    admitted([fact(more={"deep": ["plain", "text"]})])
    with pytest.raises(AssertionError, match="deactivated"):
        admitted([fact(more={"deep": ["plain", secret]})])


@pytest.mark.parametrize("wrong", [{"user_id": 7}, {"user_id": "ada"}, {"occurred_at": "yesterday"}, {"user_id": None}])
def test_a_fact_that_its_schema_does_not_admit_fails_the_test(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        admitted([fact(**wrong)])


async def test_commands_are_held_to_it(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Fact] = []
    monkeypatch.setattr("tests.support.memory.work.admitted", seen.extend)
    ada = await app.signed_up()
    assert [(each.type, each.aggregate_id) for each in seen] == [("identity.user.created", UUID(str(ada.id)))]


def test_an_aggregate_that_the_type_does_not_name_is_one_of_an_event() -> None:
    assert {type_.rpartition(".")[0] for type_, _ in declared()} >= AGGREGATES.keys()


def _names(shape: dict[str, Any]) -> Iterator[str]:
    for name, each in shape.get("properties", {}).items():
        yield name
        yield from _names(each)
    if "items" in shape:
        yield from _names(shape["items"])

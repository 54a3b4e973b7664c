"""What the schemas of events say, and where they are served."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import pytest
from jsonschema_rs import Draft202012Validator, ValidationError, meta

from api.asyncapi import asyncapi
from core.event_examples import example
from core.event_schemas import Undescribed, by_version, declared, schema
from core.postgres.flush import Pending
from domain.identity.events import UserCreated
from domain.kernel.events import Added, Event, Personal, event
from domain.resources.events import ResourceRegistered

WALL = {"aggregatetype": "wall"}
EVERY = pytest.mark.parametrize("kind", declared().values(), ids=lambda kind: f"{kind.type}.v{kind.schema_version}")


@event
class PaintedFirst(Event):
    """A wall was painted."""

    type = "walls.wall.painted"

    wall_id: UUID
    colour: str


@event
class Painted(Event):
    """A wall was painted, twice perhaps."""

    type = "walls.wall.painted"
    schema_version = 2

    wall_id: UUID
    colours: list[str]
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class Room:
    """Where it stands."""

    storey: int
    door: Added[str | None]


@event
class Plastered(Event):
    """A wall was plastered."""

    type = "walls.wall.plastered"
    about = "wall_id"

    wall_id: UUID
    room: Room
    finish: Added[str]
    by: Added[Personal[str]]


class Wall:
    aggregate: ClassVar[str] = "wall"
    version = 0
    id = UUID(int=7)


@EVERY
def test_every_schema_is_one_and_admits_its_example(kind: type[Event]) -> None:
    made = schema(kind)
    meta.validate(made)
    Draft202012Validator(made, validate_formats=True).validate(example(kind)["data"])


@EVERY
def test_every_field_of_the_start_has_to_be_there_and_others_may(kind: type[Event]) -> None:
    check = Draft202012Validator(schema(kind), validate_formats=True)
    data = example(kind)["data"]
    check.validate({**data, "one_more": {"of": "a later release"}})
    for name in schema(kind)["required"]:
        with pytest.raises(ValidationError):
            check.validate({key: value for key, value in data.items() if key != name})


def test_what_was_added_is_missing_in_events_of_before() -> None:
    made = schema(Plastered)
    assert made["required"] == ["wall_id", "room"]
    assert made["properties"]["room"]["required"] == ["storey"]
    assert made["properties"]["finish"] == {
        "type": "string",
        "description": "Added later: missing in events of before.",
    }
    assert made["properties"]["by"] == {
        "type": ["string", "null"],
        "description": "Personal: null once the person was erased. Added later: missing in events of before.",
        "x-personal": True,
    }
    check = Draft202012Validator(made, validate_formats=True)
    wall = {"wall_id": str(Wall.id), "room": {"storey": 1}}
    check.validate(wall)
    check.validate({**wall, "room": {"storey": 1, "door": None}, "finish": "rough", "by": None})
    for wrong in ({"finish": None}, {"room": {"storey": 1, "door": 7}}, {"by": 7}):
        with pytest.raises(ValidationError):
            check.validate(wall | wrong)


def test_says_what_fields_are_made_of() -> None:
    made = schema(UserCreated)["properties"]
    assert made["user_id"] == {"type": "string", "format": "uuid"}
    assert made["occurred_at"] == {"type": "string", "format": "date-time"}
    assert made["email_verified"] == {"type": "boolean"}
    resource = schema(ResourceRegistered)["properties"]
    assert resource["owner_id"] == {"type": ["string", "null"], "format": "uuid"}
    assert resource["resource"]["required"] == ["type", "external_id"]


def test_what_is_personal_may_be_null_from_the_start() -> None:
    made = schema(UserCreated)["properties"]
    assert made["email"]["type"] == ["string", "null"]
    assert made["email"]["format"] == "email"
    assert made["email"]["x-personal"] is True
    data = {**example(UserCreated)["data"], "email": None, "username": None, "full_name": None}
    Draft202012Validator(schema(UserCreated), validate_formats=True).validate(data)


def test_two_versions_stand_side_by_side_and_are_emitted_together() -> None:
    kinds = by_version([Painted, PaintedFirst])
    assert list(kinds) == [("walls.wall.painted", 1), ("walls.wall.painted", 2)]

    pending, wall = Pending(), Wall()
    pending.emit(PaintedFirst(wall_id=wall.id, colour="red"), wall, (), None)
    pending.emit(Painted(wall_id=wall.id, colours=["red"], occurred_at=None), wall, (), None)

    assert [(fact.schema_version, fact.aggregate_version) for fact in pending.facts] == [(1, 1), (2, 2)]
    for fact in pending.facts:
        Draft202012Validator(schema(kinds[fact.type, fact.schema_version])).validate(fact.data)


def test_one_version_is_declared_once() -> None:
    @event
    class Repainted(Event):
        """A wall was painted again."""

        type = "walls.wall.painted"

    with pytest.raises(Undescribed, match="both version 1 of walls"):
        by_version([PaintedFirst, Repainted])


def test_refuses_to_guess() -> None:
    @event
    class Weighed(Event):
        """A wall was weighed."""

        type = "walls.wall.weighed"

        weight: float

    with pytest.raises(Undescribed, match="float"):
        schema(Weighed)


def test_the_asyncapi_document_has_a_channel_for_each_type_and_a_message_for_each_version() -> None:
    made = asyncapi()
    names = {f"{type_}.v{version}" for type_, version in declared()}
    assert made["asyncapi"] == "3.0.0"
    assert made["channels"].keys() == {type_ for type_, _ in declared()}
    assert made["components"]["messages"].keys() == names
    assert {each for channel in made["channels"].values() for each in channel["messages"]} == names
    assert all(_exists(made, reference) for reference in _references(made))


@EVERY
def test_the_asyncapi_document_admits_the_whole_event_and_none_of_another_kind(kind: type[Event]) -> None:
    made = asyncapi()
    payload = made["components"]["messages"][f"{kind.type}.v{kind.schema_version}"]["payload"]
    check = Draft202012Validator({**payload, "components": made["components"]}, validate_formats=True)

    check.validate(example(kind))
    for wrong in ({"type": "walls.wall.painted"}, {"schemaversion": 99}, {"aggregateversion": 0}, {"id": "1"}, WALL):
        with pytest.raises(ValidationError):
            check.validate({**example(kind), **wrong})


def _references(value: Any) -> list[str]:
    return [part.split('"')[0] for part in json.dumps(value).split('"$ref": "#')[1:]]


def _exists(document: Any, reference: str) -> bool:
    for step in reference.split("/")[1:]:
        document = document[step]
    return bool(document)

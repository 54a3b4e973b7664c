"""What was published of an event stays as it was."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from api import asyncapi
from core.event_schemas import declared
from tools.schemas import ENVELOPES, breaks, current, missing, publish, published

NAME: Final = "walls.wall.painted.v1"
OLD: Final[dict[str, Any]] = {
    "title": "WallPainted",
    "type": "object",
    "properties": {
        "wall_id": {"type": "string", "format": "uuid"},
        "colour": {"type": "string", "enum": ["red", "green"]},
        "coats": {"type": ["integer", "null"]},
        "tools": {"type": "array", "items": {"type": "string"}},
        "room": {
            "type": "object",
            "properties": {"storey": {"type": "integer"}},
            "required": ["storey"],
            "additionalProperties": True,
        },
        "note": {"type": ["string", "null"], "x-personal": True},
    },
    "required": ["wall_id", "colour", "coats", "tools", "room", "note"],
    "additionalProperties": True,
}


def _set(*path: str, to: Any) -> Callable[[Any], None]:
    def change(shape: Any) -> None:
        for step in path[:-1]:
            shape = shape[step]
        shape[path[-1]] = to

    return change


BREAKING: Final[dict[str, tuple[Callable[[Any], Any], str]]] = {
    "a field is removed": (lambda made: made["properties"].pop("colour"), "`data.colour` is gone"),
    "a field is renamed": (
        lambda made: made["properties"].update(color=made["properties"].pop("colour")),
        "`data.colour` is gone",
    ),
    "a type is changed": (
        _set("properties", "colour", "type", to="integer"),
        "`data.colour` was string and is integer",
    ),
    "a format is changed": (_set("properties", "wall_id", "format", to="uri"), "`format` of `data.wall_id`"),
    "a format is dropped": (lambda made: made["properties"]["wall_id"].pop("format"), "`format` of `data.wall_id`"),
    "values are narrowed": (_set("properties", "colour", "enum", to=["red"]), "`enum` of `data.colour`"),
    "values are widened": (
        _set("properties", "colour", "enum", to=["red", "green", "blue"]),
        "`enum` of `data.colour`",
    ),
    "a bound is set": (_set("properties", "colour", "maxLength", to=3), "`maxLength` of `data.colour`"),
    "null is added": (_set("properties", "colour", "type", to=["string", "null"]), "`data.colour` may be null now"),
    "null is taken away": (_set("properties", "coats", "type", to="integer"), "`data.coats` is never null any more"),
    "required is taken away": (lambda made: made["required"].remove("coats"), "`data.coats` may be missing now"),
    "items are changed": (_set("properties", "tools", "items", to={"type": "integer"}), "`data.tools[]` was string"),
    "a field within is removed": (
        _set("properties", "room", "properties", to={}),
        "`data.room.storey` is gone",
    ),
    "a field within may be missing": (
        _set("properties", "room", "required", to=[]),
        "`data.room.storey` may be missing",
    ),
    "what is personal no longer is": (
        lambda made: made["properties"]["note"].pop("x-personal"),
        "`x-personal` of `data.note`",
    ),
    "a field that is added has to be there": (
        lambda made: (made["properties"].update(finish={"type": "string"}), made["required"].append("finish")),
        "`data.finish` has to be there, and events of before are without it",
    ),
    "a field that is added within has to be there": (
        _set("properties", "room", to={**OLD["properties"]["room"], "required": ["storey", "door"]}),
        "`data.room.door` has to be there",
    ),
    "others are forbidden": (_set("additionalProperties", to=False), "`additionalProperties` of `data`"),
}


@pytest.mark.parametrize(("change", "said"), BREAKING.values(), ids=BREAKING)
def test_a_change_that_breaks_consumers_is_refused(change: Callable[[Any], Any], said: str) -> None:
    new = deepcopy(OLD)
    change(new)

    (sentence,) = breaks({NAME: OLD}, {NAME: new})
    assert said in sentence
    assert sentence.startswith("walls.wall.painted: ")
    assert "leave version 1 as it is, and declare another class with a raised `schema_version`" in sentence


def test_an_event_that_is_gone_or_has_another_name_is_refused() -> None:
    (sentence,) = breaks({NAME: OLD}, {"walls.wall.coloured.v1": OLD})
    assert sentence == ("walls.wall.painted: version 1 was published and is gone; keep its class, and its type.")
    assert breaks({NAME: OLD}, {"walls.wall.painted.v2": OLD})


def test_fields_and_events_and_versions_may_be_added_and_explained() -> None:
    new = deepcopy(OLD)
    new["properties"]["finish"] = {"type": "string"}
    new["properties"]["room"]["properties"]["door"] = {"type": ["string", "null"]}
    new["title"], new["properties"]["colour"]["description"] = "Painted", "Of the wall."

    assert not breaks({NAME: OLD}, {NAME: new, "walls.wall.painted.v2": {"type": "object"}, "walls.wall.built.v1": OLD})


def test_publishing_keeps_what_was_promised(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    assert not publish(folder, _whole({NAME: OLD}))
    assert published(folder) == _whole({NAME: OLD})

    new = deepcopy(OLD)
    new["properties"]["finish"] = {"type": "string"}
    assert not publish(folder, _whole({NAME: new}))
    assert published(folder) == _whole({NAME: new})

    assert publish(folder, _whole({NAME: OLD}))
    assert publish(folder, {})
    assert published(folder) == _whole({NAME: new})


ENVELOPE: Final[dict[str, tuple[Callable[[Any], Any], str]]] = {
    "an attribute is gone": (lambda made: made["CloudEvent"]["properties"].pop("erased"), "`event.erased` is gone"),
    "an attribute may be missing": (
        lambda made: made["CloudEvent"]["required"].remove("sequence"),
        "`event.sequence` may be missing",
    ),
    "an attribute has to be there": (
        lambda made: made["CloudEvent"]["required"].append("traceparent"),
        "`event.traceparent` has to be there",
    ),
    "an attribute looks otherwise": (
        _set("CloudEvent", "properties", "sequence", "pattern", to="^[0-9]+$"),
        "`pattern` of `event.sequence`",
    ),
    "an event is of another aggregate": (
        _set(NAME, "properties", "aggregatetype", "const", to="room"),
        "`const` of `event.aggregatetype` was 'wall' and is 'room'",
    ),
}


@pytest.mark.parametrize(("change", "said"), ENVELOPE.values(), ids=ENVELOPE)
def test_a_change_of_the_envelope_is_refused(change: Callable[[Any], Any], said: str) -> None:
    old = _whole({NAME: OLD})
    new = deepcopy(old)
    change(new[ENVELOPES])

    (sentence,) = breaks(old, new)
    assert said in sentence


def test_attributes_may_be_added_to_the_envelope() -> None:
    old = _whole({NAME: OLD})
    new = deepcopy(old)
    new[ENVELOPES]["CloudEvent"]["properties"]["tracestate"] = {"type": "string"}

    assert not breaks(old, new)


def test_a_promise_that_was_deleted_is_missed(tmp_path: Path) -> None:
    other = "walls.wall.built.v1"
    whole = _whole({NAME: OLD, other: OLD})
    assert not missing(whole)
    assert not publish(tmp_path, whole)

    (tmp_path / f"{other}.json").unlink()
    sentence = f"walls.wall.built: version 1 was published; restore `{other}.json`, or its part of `envelopes.json`."
    assert missing(published(tmp_path)) == [sentence]
    assert publish(tmp_path, whole) == [sentence]
    assert not (tmp_path / f"{other}.json").exists()

    (tmp_path / "envelopes.json").unlink()
    (one,) = missing(published(tmp_path))
    assert one.startswith("walls.wall.painted: version 1 was published; restore ")


def test_what_was_published_of_this_service_holds() -> None:
    promised = published()
    assert promised
    assert missing(promised) == []
    assert breaks(promised, current(declared().values())) == []


def _whole(schemas: dict[str, Any]) -> dict[str, Any]:
    own = {"type": "object", "properties": {"aggregatetype": {"const": "wall"}}}
    return schemas | {ENVELOPES: {"CloudEvent": asyncapi.ENVELOPE} | dict.fromkeys(schemas, own)}

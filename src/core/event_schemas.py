"""JSON Schemas (2020-12) of the events, from their declarations.

They say of each field what it is made of, whether it may be null, and whether it is always there: what was added to a
published version is not. What is not described may be there too: consumers ignore what they do not know.
"""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from inspect import getdoc
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from core.discovery import below, load_use_cases
from domain.kernel.events import Event, added, personal

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
PLACE: Final = "/auth/events/schemas"
"""Where they are served: `<type>/<version>` below it."""
MADE_OF: Final[dict[Any, dict[str, Any]]] = {
    NoneType: {"type": "null"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    int: {"type": "integer"},
    str: {"type": "string"},
    UUID: {"type": "string", "format": "uuid"},
}
"""How JSON carries what fields are made of."""
FORMATS: Final = {"email": "email"}
"""The formats of texts, by the names of their fields."""

Kind = type[Event]


class Undescribed(Exception):
    """An event holds something of which no schema can be made, or two events have one type and version."""


def declared() -> dict[tuple[str, int], Kind]:
    """Return every event of the service by type and version, in that order."""
    load_use_cases()
    return by_version(kind for kind in below(Event) if kind.__module__.startswith("domain.") and "type" in vars(kind))


def by_version(kinds: Iterable[Kind]) -> dict[tuple[str, int], Kind]:
    """Return `kinds` by type and version, in that order; raise `Undescribed` if two of them are the same."""
    found: dict[tuple[str, int], Kind] = {}
    for kind in sorted(kinds, key=lambda each: (each.type, each.schema_version)):
        other = found.setdefault((kind.type, kind.schema_version), kind)
        if other is not kind:
            raise Undescribed(
                f"{kind.__name__} and {other.__name__} are both version {kind.schema_version} of {kind.type}"
            )
    return found


def schema(kind: Kind) -> dict[str, Any]:
    """Return the schema of the `data` of an event."""
    return {
        "$schema": DIALECT,
        "$id": f"{PLACE}/{kind.type}/{kind.schema_version}",
        "title": kind.__name__,
        "description": " ".join((getdoc(kind) or "").split()),
        **_object(kind, personal(kind)),
    }


def _object(kind: type[Any], hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    hints = get_type_hints(kind)
    names, later = [each.name for each in fields(kind)], added(kind)
    shapes = {name: _property(name, hints[name], hidden=name in hidden) for name in names}
    for name in later:
        said = shapes[name].get("description", "")
        shapes[name]["description"] = f"{said} Added later: missing in events of before.".lstrip()
    always = [name for name in names if name not in later]
    return {"type": "object", "properties": shapes, "required": always, "additionalProperties": True}


def _property(name: str, hint: Any, *, hidden: bool) -> dict[str, Any]:
    shape = _shape(hint)
    if shape.get("type") == "string" and name in FORMATS:
        shape["format"] = FORMATS[name]
    if not hidden:
        return shape
    # Once the person was erased it is null, in events of before as well.
    if "null" not in shape["type"]:
        shape["type"] = [shape["type"], "null"]
    return {**shape, "description": "Personal: null once the person was erased.", "x-personal": True}


def _shape(hint: Any) -> dict[str, Any]:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        rest = [_shape(part) for part in parts if part is not NoneType]
        if len(rest) == 1 and len(parts) > 1:
            return {**rest[0], "type": [rest[0]["type"], "null"]}
    elif origin in {list, tuple}:
        return {"type": "array", "items": _shape(parts[0])}
    elif hasattr(hint, "__supertype__"):
        return _shape(hint.__supertype__)
    elif hint in MADE_OF:
        return dict(MADE_OF[hint])
    elif isinstance(hint, type) and is_dataclass(hint):
        return {"description": " ".join((getdoc(hint) or "").split()), **_object(hint)}
    raise Undescribed(f"no schema of {hint!r}")

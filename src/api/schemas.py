"""JSON Schemas of what routes take and return, by the library that reads and writes it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from types import UnionType
from typing import Any, Final, Self, Union, get_args, get_origin, get_type_hints

from msgspec import json

from api.closed import Shape
from api.route import Route
from domain.kernel.schemas import Stream

REFERENCE: Final = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Schemas:
    """The schemas of some routes."""

    components: dict[str, Any]
    _known: dict[Any, Any]

    @classmethod
    def of(cls, routes: Iterable[Route], more: Iterable[Any]) -> Self:
        """Describe the bodies, parameters and results of `routes`, and what is in `more`."""
        known = list(routes)
        results = [kind for each in known for kind in parts(each.case.result)]
        sent = [kind for each in known for kind in (each.sends, each.query.struct) if kind]
        paths = [kind for each in known for kind in each.segments.values()]
        kinds = [*dict.fromkeys([*sent, *results, *paths, *more])]
        schemas, components = json.schema_components(kinds, ref_template=f"{REFERENCE}{{name}}")
        made = cls(components, dict(zip(kinds, schemas, strict=True)))
        for result in dict.fromkeys(part for each in results for part in _dataclasses(each)):
            _complete(made.properties(result), result)
        for each in known:
            if each.body:
                made._hide(each.body)
            made._known[each.query.struct] = components.pop(each.query.struct.__name__)
        return made

    def __getitem__(self, kind: Any) -> Any:
        """Return the schema of `kind`, or a reference to it."""
        return self._known[kind]

    def properties(self, kind: Any) -> dict[str, Any]:
        """Return the schema of the object `kind` itself."""
        schema = self._known.get(kind) or json.schema_components([kind], ref_template=f"{REFERENCE}{{name}}")[0][0]
        found: dict[str, Any] = self.components[schema["$ref"].removeprefix(REFERENCE)]
        return found

    def _hide(self, shape: Shape) -> None:
        """Have the fields that carry secrets shown as such."""
        for each in fields(shape.build):
            if each.metadata.get("secret") and each.name in shape.names:
                self.properties(shape.struct)["properties"][each.name] |= {"format": "password", "writeOnly": True}


def parts(result: Any) -> tuple[Any, ...]:
    """Return what an answer is made of: of a `Stream` whatever is in its parts, else the result itself."""
    if get_origin(result) is not Stream:
        return (result,)
    (part,) = get_args(result)
    (item,) = get_args(part) if get_origin(part) is list else (part,)
    return get_args(item) if get_origin(item) in {Union, UnionType} else (item,)


def _complete(schema: dict[str, Any], result: Any) -> None:
    """Say what is true of results only: no field is ever left out, and every time has a zone."""
    schema["required"] = list(schema["properties"])
    hints = get_type_hints(get_origin(result) or result)
    for name, each in schema["properties"].items():
        each.pop("default", None)
        if datetime in {hints[name], *get_args(hints[name])}:
            for shown in (each, *each.get("anyOf", ())):
                if shown.get("type") == "string":
                    shown["format"] = "date-time"


def _dataclasses(hint: Any, seen: frozenset[Any] = frozenset()) -> Iterator[Any]:
    """Yield the dataclasses that `hint` is made of."""
    if hint in seen:
        return
    kind = get_origin(hint) or hint
    if isinstance(kind, type) and is_dataclass(kind):
        yield hint
        for each in get_type_hints(kind).values():
            yield from _dataclasses(each, seen | {hint})
    for each in get_args(hint):
        yield from _dataclasses(each, seen | {hint})

"""Closed msgspec structs, made from the dataclasses that messages are."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from inspect import getdoc
from types import UnionType
from typing import Annotated, Any, Final, NewType, Union, get_args, get_origin, get_type_hints

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct
from msgspec import field as struct_field

from domain.kernel.schemas import ABSENT, Absent, Length, Range


@dataclass(frozen=True, slots=True)
class Shape:
    """A closed struct, and how its instances become the dataclass it stands for."""

    struct: type[Struct]
    build: type[Any]
    names: tuple[str, ...]
    nested: tuple[str, ...]
    """The fields that hold closed structs themselves."""
    optional: tuple[str, ...]
    """The fields that may be absent."""

    def values(self, found: Struct) -> dict[str, Any]:
        """Return the fields of `found` as the dataclass takes them."""
        values = {name: getattr(found, name) for name in self.names}
        for name in self.nested:
            values[name] = opened(values[name])
        for name in self.optional:
            if values[name] is UNSET:
                values[name] = ABSENT
        return values


OTHERS: Final[dict[type[Any], Any]] = {
    Absent: UnsetType,
    # A time without a zone cannot be compared with those we keep.
    datetime: Annotated[datetime, Meta(tz=True)],
}
_shapes: dict[type[Struct], Shape] = {}


@cache
def closed(kind: Any, name: str, without: frozenset[str] = frozenset()) -> Shape:
    """Make a struct with the fields of the dataclass `kind`, but those in `without`, which refuses any other.

    `Length` and `Range` become constraints; a field that may be `Absent` may be left out, and null is something else.
    """
    hints = get_type_hints(kind, include_extras=True)
    taken = [each for each in fields(kind) if each.name not in without]
    made = {each.name: _closed(hints[each.name]) for each in taken}
    struct = defstruct(
        name,
        [_field(each, made[each.name]) for each in taken],
        namespace={"__doc__": getdoc(kind)},
        module=kind.__module__,
        forbid_unknown_fields=True,
        kw_only=True,
        frozen=True,
    )
    return _shapes.setdefault(
        struct,
        Shape(
            struct,
            kind,
            tuple(made),
            tuple(each for each, hint in made.items() if any(part in _shapes for part in _parts(hint))),
            tuple(each for each, hint in made.items() if UnsetType in _parts(hint)),
        ),
    )


def limited(hint: Any) -> Any:
    """Return `hint` with `Length` and `Range` as msgspec understands them."""
    return _closed(hint)


def opened(value: Any) -> Any:
    """Return `value` with every closed struct in it as the dataclass it stands for."""
    if isinstance(value, Struct):
        shape = _shapes[type(value)]
        return shape.build(**shape.values(value))
    if isinstance(value, Mapping):
        return {key: opened(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(map(opened, value))
    return value


def _field(each: Field[Any], hint: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
    if each.default_factory is not MISSING:
        return (each.name, hint, struct_field(default_factory=each.default_factory))
    if each.default is MISSING:
        return (each.name, hint)
    return (each.name, hint, UNSET if each.default is ABSENT else each.default)


def _closed(hint: Any) -> Any:
    if isinstance(hint, NewType):
        return _closed(hint.__supertype__)
    if isinstance(hint, type) and is_dataclass(hint):
        return closed(hint, f"{hint.__name__}Input").struct
    return OTHERS[hint] if isinstance(hint, type) and hint in OTHERS else _of_parts(hint)


def _of_parts(hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return Annotated[(_closed(arguments[0]), *map(_limit, arguments[1:]))]
    if origin in {Union, UnionType}:
        return Union[tuple(map(_closed, arguments))]  # noqa: UP007 - the operator takes no tuple
    return origin[tuple(map(_closed, arguments))] if origin and arguments else hint


def _limit(extra: Any) -> Any:
    match extra:
        case Length(least, most):
            return Meta(min_length=least or None, max_length=most)
        case Range(least, most):
            return Meta(ge=least, le=most)
    return extra


def _parts(hint: Any) -> set[Any]:
    """Return everything `hint` is made of."""
    parts = {hint} if isinstance(hint, type) else set()
    return parts.union(*map(_parts, get_args(hint)))

"""Values in documents that are marked as somebody's: `{"$personal": {"user_id": …, "value": …}}`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from domain.kernel.ids import UserId
from domain.organizations.errors import DocumentInvalid

MARK: Final = "$personal"
"""The one member of an object that stands for such a value."""
USER: Final = "user_id"
VALUE: Final = "value"
ERASED: Final = "erased"
"""Beside a value of null: true once its person was erased. Nobody sends it."""

Path = tuple[str | int, ...]
"""Names of members and places in arrays, from the whole document on."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose a value is, and where in its document the object with `$personal` stands."""

    user_id: UserId
    path: Path


def judged(members: Any) -> tuple[Mark, ...]:
    """Return what is marked in a document, or raise `DocumentInvalid` with where a mark is not as it has to be."""
    return tuple(Mark(_person(path, marked), path) for path, marked in _marked(members))


def replaced(value: Any, change: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """Return a copy of `value` with what `change` makes of the content of each mark, which is told where that stands.

    Whatever else has a member `$personal`, as documents of before there were marks may, is copied as it is.
    """
    if isinstance(value, dict):
        if value.keys() == {MARK}:
            return {MARK: change(path, value[MARK])}
        return {name: replaced(each, change, (*path, name)) for name, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, change, (*path, place)) for place, each in enumerate(value)]
    return value


def _marked(value: Any, path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the objects with a member `$personal`, the inner ones too."""
    if isinstance(value, dict):
        if MARK in value:
            yield path, value
        for name, each in value.items():
            yield from _marked(each, (*path, name))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _marked(each, (*path, place))


def _person(path: Path, marked: dict[str, Any]) -> UserId:
    """Return whose value is marked."""
    content = marked[MARK]
    if MARK in path:
        raise DocumentInvalid.at(path, "mark", "A marked value has no other in it.")
    if len(marked) > 1:
        raise DocumentInvalid.at(path, "mark", f"An object with `{MARK}` has no other member.")
    if not isinstance(content, dict) or not {USER, VALUE} <= content.keys() <= {USER, VALUE, ERASED}:
        raise DocumentInvalid.at(path, "mark", f"`{MARK}` has `{USER}` and `{VALUE}`, and nothing else.")
    if ERASED in content:
        raise DocumentInvalid.at(path, "mark", "This person was erased: leave out what is left of them.")
    try:
        user_id = UUID(content[USER])
    except (AttributeError, TypeError, ValueError):
        user_id = None
    if user_id is None or str(user_id) != content[USER]:
        raise DocumentInvalid.at((*path, MARK, USER), "mark", "This is not the id of a person, in lower case.")
    return UserId(user_id)

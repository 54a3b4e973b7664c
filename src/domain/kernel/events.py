"""Facts published to other services."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Protocol, TypeVar, dataclass_transform, get_type_hints
from uuid import UUID

from domain.kernel.revocation import Marker

T = TypeVar("T")

PERSONAL: Final = "personal"
Personal = Annotated[T, PERSONAL]
"""A field that says something about a person.

It is kept under a key of theirs alone, and is null for every reader once they were erased.
"""

ADDED: Final = "added"
Added = Annotated[T, ADDED]
"""A field that was added to what had been published of an event, or of a part of one.

Events that were announced before are without it, in the log and in queues, under the same `schema_version`.
"""


class Event:
    """A fact that happened to an aggregate. `type` and the field names are a public contract.

    `type` is `<capability>.<aggregate>.<what happened>`, in the past tense. A field `organization_id`, if there is one,
    names the organization whose members may learn of it.
    """

    __slots__ = ()
    type: ClassVar[str]
    schema_version: ClassVar[int] = 1
    about: ClassVar[str] = "user_id"
    """The field that names whom its `Personal` fields are about."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(cls: type[T]) -> type[T]:
    """Make `cls` an immutable event."""
    return dataclass(frozen=True, kw_only=True, slots=True)(cls)


_personal: dict[type[Event], tuple[str, ...]] = {}


def personal(kind: type[Event]) -> tuple[str, ...]:
    """Return which fields of an event are declared `Personal`."""
    if kind not in _personal:
        _personal[kind] = _marked(kind, PERSONAL)
    return _personal[kind]


def added(kind: type[object]) -> tuple[str, ...]:
    """Return which fields of an event, or of a part of one, are declared `Added`."""
    return _marked(kind, ADDED)


def _marked(kind: type[object], mark: str) -> tuple[str, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(name for name, hint in hints.items() if mark in getattr(hint, "__metadata__", ()))


class Aggregate(Protocol):
    """What changes as a whole. Its version counts its events: 1 after the first."""

    aggregate: ClassVar[str]
    version: int

    @property
    def id(self) -> UUID:
        """Name it for ever."""


class Events(Protocol):
    """Record facts; they are published only if the command commits."""

    def emit(self, event: Event, of: Aggregate, revokes: Sequence[Marker] = ()) -> None:
        """Announce `event` as the next of aggregate `of`, whose version it raises by one.

        `revokes` reaches verifiers of tokens together with the event: both are written in the command's transaction.
        """

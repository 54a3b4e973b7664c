"""Declare a use case once; the API, the pipeline and the tests read it here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, NoneType
from typing import Any, Final, Generic, TypeVar, dataclass_transform, get_type_hints

from domain.kernel.access import Access, Actor, Origin, Standing
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import DomainError
from domain.kernel.events import Event

R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")


class Message(Generic[R_co]):
    """A request whose interactor returns `R_co`."""

    __slots__ = ()


class Command(Message[R_co]):
    """A request to change state. Runs in one transaction."""

    __slots__ = ()


class Query(Message[R_co]):
    """A request to read state. Runs without a transaction."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class UseCase:
    """Everything the outer layers need to know about one use case."""

    message: type[Message[Any]]
    interactor: type[Any]
    result: Any
    access: Access
    raises: tuple[type[DomainError], ...]
    emits: tuple[type[Event], ...]
    audit: str | None
    quiet: bool
    """Only refusals are audited: for what happens all the time and says nothing when it works."""
    takes: tuple[type[Any], ...]
    """What the interactor is handed beside its message: any of `Actor`, `Origin`, `Standing` and `ConsistencyToken`."""
    direct: bool = False
    """It changes state by one statement of a port that commits by itself, and needs no unit of work to succeed."""
    aftermath: Mapping[type[DomainError], type[Any]] = field(default_factory=dict)
    """What is done about a refusal, in the transaction that audits it."""
    dear: bool = False
    """Whether it costs much more than what it takes to ask: how often is limited for each caller."""
    simulated: bool = False
    """Whether what it would change about access can be asked beforehand: all that it does is in its transaction."""
    entails: tuple[str, ...] = ()
    """The types of events that come of it in capabilities that know this one, and that it must not know."""

    @property
    def name(self) -> str:
        """The name of the message, which is also that of the operation, its span and its metrics."""
        return self.message.__name__

    @property
    def paced(self) -> bool:
        """Whether it is limited how often one caller may ask for it."""
        return self.access.signed_in and (self.writes or self.dear)

    @property
    def writes(self) -> bool:
        """Whether it runs in a transaction."""
        return issubclass(self.message, Command)


HANDED: Final = (Actor, Origin, Standing, ConsistencyToken)
_declared: dict[type[Any], UseCase] = {}


def use_cases() -> Iterable[UseCase]:
    """Return every use case imported so far."""
    return _declared.values()


def use_case(message: type[Message[Any]]) -> UseCase:
    """Return the use case that answers `message`."""
    return _declared[message]


def secret() -> Any:
    """Declare a field kept out of `repr`, logs and the audit trail."""
    return field(repr=False, metadata={"secret": True})


def optional_secret(*, default: None = None) -> Any:
    """Declare a secret that may be left out; type checkers believe it if the default is written out."""
    return field(default=default, repr=False, metadata={"secret": True})


def if_match(*, default: None = None) -> Any:
    """Declare the field that takes the version named by `If-Match`; None when the caller does not care.

    Type checkers believe that it may be left out if the default is written out.
    """
    return field(default=default, metadata={"header": "if-match"})


def last_event_id(*, default: None = None) -> Any:
    """Declare the field that takes `Last-Event-ID`, which readers of a stream come again with; None at first."""
    return field(default=default, metadata={"header": "last-event-id"})


def whole_body() -> Any:
    """Declare the field that is the request's body, not one member of it; kept out of `repr`, as it may be large."""
    return field(repr=False, metadata={"body": "whole"})


def target() -> Any:
    """Declare the field by which the audit trail names what a command is about, as `<field>:<value>`, before ids."""
    return field(metadata={"target": True})


@dataclass_transform(
    frozen_default=True,
    kw_only_default=True,
    field_specifiers=(field, secret, optional_secret, if_match, last_event_id, whole_body, target),
)
def message(cls: type[T]) -> type[T]:
    """Make `cls` an immutable message."""
    return dataclass(frozen=True, kw_only=True, slots=True)(cls)


@dataclass_transform(frozen_default=True)
def interactor(
    *,
    access: Access,
    raises: tuple[type[DomainError], ...] = (),
    emits: tuple[type[Event], ...] = (),
    audit: str | None = None,
    quiet: bool = False,
    direct: bool = False,
    aftermath: Mapping[type[DomainError], type[Any]] = MappingProxyType({}),
    dear: bool = False,
    simulated: bool = False,
    entails: tuple[str, ...] = (),
) -> Callable[[type[T]], type[T]]:
    """Declare the interactor that answers the message its `__call__` accepts.

    After the message `__call__` may take an `Actor` (who asks), an `Origin` (from where), a `Standing` (whether they
    still may) and a `ConsistencyToken | None` (the command that the reader has seen), by type and in any order.

    A `direct` command is built once and gets nothing of a unit of work. What it refuses may have an `aftermath`: by
    refusal, exactly that class, what to build and call with it in a transaction of its own. That is committed if the
    refusal keeps its work; what it raises is answered instead.

    What is `dear`, like a search or an export, may be asked for less often than anything else.

    A `simulated` command may be run only to see what it would change about access, and is undone then. So it does
    nothing outside its transaction, and takes an `Actor` at most.
    """
    if direct and audit and not quiet:
        raise TypeError("what is direct has no transaction to audit its success in: declare it quiet")

    def declare(cls: type[T]) -> type[T]:
        made = dataclass(frozen=True, slots=True)(cls)
        hints = get_type_hints(made.__call__)
        result = hints.pop("return")
        answered, *rest = hints.values()
        takes = tuple(_handed(made, hint) for hint in rest)
        if answered in _declared:
            raise TypeError(f"{answered.__name__} already has an interactor")
        if Actor in takes and not access.signed_in:
            raise TypeError(f"{made.__name__} is open to anyone: there may be no actor to hand to it")
        if simulated and (direct or not {*takes} <= {Actor}):
            raise TypeError(f"{made.__name__} cannot be simulated: it needs more than a transaction and an actor")
        more = direct, aftermath, dear, simulated, entails
        _declared[answered] = UseCase(answered, made, result, access, raises, emits, audit, quiet, takes, *more)
        return made

    return declare


def _handed(interactor: type[Any], hint: Any) -> type[Any]:
    for kind in HANDED:
        if hint == kind or hint == kind | NoneType:
            return kind
    raise TypeError(f"{interactor.__name__} takes its message, then any of {[kind.__name__ for kind in HANDED]}")

"""Everything that events are about is of some kind."""

from typing import get_type_hints

import pytest

from core.discovery import load_use_cases
from domain.events.errors import KindUnknown
from domain.events.kinds import KINDS, Kind, kind_of
from domain.kernel.events import Event
from tests.unit.test_architecture import ROOT, SRC

EVENTS = {event.type: event for case in load_use_cases() for event in case.emits}
AGGREGATES = {
    line.split('"')[1]
    for path in (SRC / "domain").rglob("models.py")
    for line in path.read_text().splitlines()
    if line.strip().startswith("aggregate: ClassVar[str] = ")
}

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


def fields(event: type[Event]) -> set[str]:
    return set(get_type_hints(event)) - {"type", "schema_version"}


def test_every_aggregate_has_a_kind() -> None:
    assert len(AGGREGATES) >= 14
    assert {kind.aggregate for kind in KINDS.values()} == AGGREGATES
    assert {kind.name for kind in KINDS.values() if not kind.is_part} == AGGREGATES


@every_kind
def test_what_ends_it_is_announced(kind: Kind) -> None:
    assert {*kind.ends, *kind.ends_with} <= EVENTS.keys()


@every_kind
def test_what_takes_it_along_names_it(kind: Kind) -> None:
    for type_, same in kind.ends_with.items():
        assert same.keys() <= fields(EVENTS[type_]), type_


@every_kind
def test_consumers_are_told_what_ends_it(kind: Kind) -> None:
    own = ", ".join(f"`{each}`" for each in kind.ends) or "-"
    others = "; ".join(
        f"`{type_}` ({', '.join(f'{theirs} = {mine}' for theirs, mine in same.items())})"
        for type_, same in sorted(kind.ends_with.items())
    )
    told = (ROOT / "docs" / "events-feed.md").read_text()
    assert f"| `{kind.name}` | `{kind.aggregate}` | {own} | {others or '-'} |\n" in told


def test_every_end_is_known() -> None:
    """An event whose name says that something is over ends a kind; a new one has to be thought of."""
    over = {name for name in EVENTS if name.endswith((".deleted", ".removed", ".withdrawn", ".accepted", ".revoked"))}
    assert over <= {name for kind in KINDS.values() for name in kind.ends}


@pytest.mark.parametrize("name", ["", "users", "team_member", "user"])
def test_what_is_no_such_kind_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(KindUnknown) as refused:
        kind_of(name, in_organization=True, whole=True)
    (found,) = refused.value.errors
    assert "membership" in found.message
    assert "user," not in found.message

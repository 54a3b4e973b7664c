"""Read the present state of everything of a kind, part by part: `GET /auth/events/snapshot`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from gatewright_events.asking import OK, Answer, Gatewright, parsed

LEAST: Final = UUID(int=0)
GREATEST: Final = UUID(int=2**128 - 1)
SECONDS: Final = 60.0
"""How long one part may take."""


@dataclass(frozen=True, slots=True)
class State:
    """A thing as it is now."""

    kind: str
    id: UUID
    version: int
    """The `aggregateversion` of the last of its events that this tells of."""
    organization_id: UUID | None
    data: Mapping[str, Any]
    """What its events tell of it; there may be more than is known."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a snapshot."""

    cursor: str
    """Where to follow the feed from: nothing in the part is older than that."""
    states: list[State]
    """In the order of ids."""
    next: UUID | None
    """The id that the next part comes after, None if there is none."""

    def until(self, last: UUID) -> "Page":
        """Return what of it is not beyond an id."""
        following = self.next if self.next and self.next < last else None
        return Page(self.cursor, [each for each in self.states if each.id <= last], following)


async def page(gatewright: Gatewright, kind: str, first: UUID, limit: int) -> Page:
    """Return so many things from the id `first` on; raise `Refused` or `NoAnswer`."""
    asked = [("kind", kind), ("limit", str(limit))]
    if first != LEAST:
        asked.append(("after", str(UUID(int=first.int - 1))))
    answer = await gatewright.ask("/auth/events/snapshot", asked, SECONDS)
    found = _page(answer, kind) if answer.status == OK else None
    if found is None or (found.next and not found.states):
        raise gatewright.spoilt(answer, "a snapshot")
    return found


def _page(answer: Answer, kind: str) -> Page | None:
    head, *lines = [parsed(line) for line in answer.body.splitlines()] or [None]
    try:
        states = [_state(line) for line in lines[:-1]]
        end = lines[-1]  # without it the answer was cut off
        following = None if end["complete"] is True else UUID(end["next"])
        page = Page(head["cursor"], states, following)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None
    ids = [each.id for each in states]
    ordered = ids == sorted(set(ids)) and (following is None or not ids or following == ids[-1])
    return page if isinstance(page.cursor, str) and ordered and all(each.kind == kind for each in states) else None


def _state(line: Mapping[str, Any]) -> State:
    version, organization, data = line["version"], line["organization_id"], line["data"]
    if type(version) is not int or version < 0 or not isinstance(data, dict):
        raise ValueError
    return State(line["kind"], UUID(line["id"]), version, UUID(organization) if organization else None, data)

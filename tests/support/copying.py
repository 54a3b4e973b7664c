"""A subscriber that starts late, as the documentation tells them to: a copy of everything, by snapshot and feed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from domain.events.kinds import KINDS, Kind
from domain.events.schemas import IdRange, SnapshotEnd, SnapshotHead, Thing
from tests.support.memory.states import digest_of


@dataclass
class Held:
    """One thing, as far as the copy knows it."""

    version: int
    data: dict[str, Any]


@dataclass
class Copy:
    """Everything by kind and id. It needs nothing beside what is published: lines, events and `KINDS`."""

    held: dict[str, dict[str, Held]] = field(default_factory=lambda: {name: {} for name in KINDS})
    applied: int = 0

    def take(self, line: SnapshotHead | Thing | SnapshotEnd) -> None:
        """Take a line of a snapshot."""
        if isinstance(line, Thing):
            self.held[line.kind][line.id] = Held(line.version, plain(line.data))

    def apply(self, event: Mapping[str, Any]) -> None:
        """Apply an event of the feed."""
        for kind in KINDS.values():
            if same := kind.ends_with.get(event["type"]):
                self._drop(kind, same, plain(event["data"]))
            if kind.aggregate == event["aggregatetype"]:
                self._change(kind, event, plain(event["data"]))
        self.applied += 1

    def digest(self, kind: str, asked: IdRange) -> tuple[int, str]:
        """Return how many there are in a range, and their digest."""
        versions = {
            id_: thing.version
            for id_, thing in self.held[kind].items()
            if asked.first <= id_ <= asked.last and thing.version
        }
        return len(versions), f"{digest_of(versions):016x}"

    def _change(self, kind: Kind, event: Mapping[str, Any], data: dict[str, Any]) -> None:
        about_part = {each.ends[0].rpartition(".")[0] for each in KINDS.values() if each.is_part}
        group = event["type"].rpartition(".")[0]
        id_, known = event["aggregateid"], self.held[kind.name]
        if kind.is_part:
            if group != kind.ends[0].rpartition(".")[0]:
                return
            # The kind's second id is that of the one who, or which, is in it.
            names = ("resource_id", "user_id", "team_id") if "content" in kind.name else ("user_id", "team_id")
            whole = "team_id" if kind.aggregate == "team" else "group_id"
            id_ = f"{id_}/{next(data[name] for name in names if name != whole and data.get(name))}"
        old = known.get(id_)
        if old and old.version >= event["aggregateversion"]:
            return
        if event["type"] in kind.ends:
            known.pop(id_, None)
            return
        kept = old.data if old else {}
        told = {} if group in about_part and not kind.is_part else data
        known[id_] = Held(event["aggregateversion"], kept | told)

    def _drop(self, kind: Kind, same: Mapping[str, str], data: dict[str, Any]) -> None:
        gone = [
            id_
            for id_, thing in self.held[kind.name].items()
            if all(thing.data.get(mine) == data[theirs] for theirs, mine in same.items())
        ]
        for id_ in gone:
            del self.held[kind.name][id_]


def plain(data: Any) -> dict[str, Any]:
    """Return data as JSON values, whatever it was read as."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(data))
    return found

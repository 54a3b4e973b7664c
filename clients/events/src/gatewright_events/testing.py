"""Doubles for the tests of consumers: an inbox in memory, and events as Gatewright announces them."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid5

from gatewright_events.events import Event, concerns
from gatewright_events.inbox import ENDED, Inbox, Letter, Transaction

SECOND = timedelta(seconds=1)
NAMES = UUID("6b0e6d9e-6d1e-4f5b-9b53-5a0c7f2f8f11")


@dataclass
class MemoryState:
    """Everything that an inbox in memory holds; `copy` is what handlers write to."""

    copy: dict[Any, Any] = field(default_factory=dict)
    seen: dict[str, datetime] = field(default_factory=dict)
    pruned: datetime | None = None
    versions: dict[UUID, int] = field(default_factory=dict)
    waiting: dict[tuple[UUID, int], tuple[Event, datetime]] = field(default_factory=dict)
    letters: dict[str, Letter] = field(default_factory=dict)
    place: str | None = None
    loaded: dict[UUID, int] = field(default_factory=dict)
    copying: str | None = None
    begun: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    former: dict[UUID, int] = field(default_factory=dict)


@dataclass
class MemoryTransaction(Transaction[dict[Any, Any]]):
    """See `Transaction`."""

    state: MemoryState

    @property
    def connection(self) -> dict[Any, Any]:
        """See `Transaction.connection`: a dictionary, which is kept or not with the rest."""
        return self.state.copy

    async def remember(self, event_id: str, at: datetime) -> bool:
        """See `Transaction.remember`."""
        new = event_id not in self.state.seen
        self.state.seen.setdefault(event_id, at)
        return new

    async def span(self) -> tuple[datetime, datetime] | None:
        """See `Transaction.span`."""
        times = self.state.seen.values()
        return (min(times), max(times)) if times else None

    async def prune(self, before: datetime, latest: datetime) -> int:
        """See `Transaction.prune`."""
        waiting = {event.id for event, _ in self.state.waiting.values()}
        old = [id_ for id_, at in self.state.seen.items() if at < before and id_ not in waiting]
        for each in old:
            del self.state.seen[each]
        self.state.pruned = max(before, min(self.state.pruned or before, latest))
        return len(old)

    async def pruned(self) -> datetime | None:
        """See `Transaction.pruned`."""
        return self.state.pruned

    async def version(self, aggregate_id: UUID) -> int:
        """See `Transaction.version`."""
        return self.state.versions.get(aggregate_id, 0)

    async def advance(self, aggregate_id: UUID, version: int) -> None:
        """See `Transaction.advance`."""
        self.state.versions[aggregate_id] = version

    async def hold(self, event: Event, at: datetime) -> None:
        """See `Transaction.hold`."""
        self.state.waiting[event.aggregate_id, event.aggregate_version] = event, at

    async def held(self, aggregate_id: UUID, version: int | None = None) -> Event | None:
        """See `Transaction.held`."""
        found = sorted(key for key in self.state.waiting if key[0] == aggregate_id and version in {None, key[1]})
        return self.state.waiting.pop(found[0])[0] if found else None

    async def waiting(self) -> int:
        """See `Transaction.waiting`."""
        return len(self.state.waiting)

    async def overdue(self, since: datetime) -> Sequence[UUID]:
        """See `Transaction.overdue`."""
        return list(dict.fromkeys(key[0] for key, (_, at) in self.state.waiting.items() if at <= since))

    async def bury(self, letter: Letter) -> None:
        """See `Transaction.bury`."""
        self.state.letters[letter.id] = letter

    async def letters(self, limit: int) -> Sequence[Letter]:
        """See `Transaction.letters`."""
        return sorted(self.state.letters.values(), key=lambda each: each.at)[:limit]

    async def unbury(self, letter_id: str) -> Letter | None:
        """See `Transaction.unbury`."""
        return self.state.letters.pop(letter_id, None)

    async def purge(self, aggregate_id: UUID) -> None:
        """See `Transaction.purge`."""
        for key in [key for key in self.state.waiting if key[0] == aggregate_id]:
            del self.state.waiting[key]
        for letter in [*self.state.letters.values()]:
            if str(aggregate_id) in letter.body and concerns(letter.body, aggregate_id):
                del self.state.letters[letter.id]

    async def cursor(self) -> str | None:
        """See `Transaction.cursor`."""
        return self.state.place

    async def move(self, cursor: str | None) -> None:
        """See `Transaction.move`."""
        self.state.place = cursor

    async def load(self, versions: Mapping[UUID, int]) -> Collection[UUID]:
        """See `Transaction.load`."""
        mine = self.state.versions
        ahead = {id_ for id_, version in versions.items() if mine.get(id_, 0) > version}
        behind = {id_: version for id_, version in versions.items() if id_ not in ahead}
        self.state.versions |= behind
        self.state.loaded |= behind
        for key in [key for key in self.state.waiting if key[1] <= versions.get(key[0], 0)]:
            del self.state.waiting[key]
        return ahead

    async def loaded(self, aggregate_id: UUID) -> int:
        """See `Transaction.loaded`."""
        return self.state.loaded.get(aggregate_id, 0)

    async def versions(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        """See `Transaction.versions`."""
        return {id_: self.state.versions[id_] for id_ in ids if id_ in self.state.versions}

    async def noted(self) -> str | None:
        """See `Transaction.noted`."""
        return self.state.copying

    async def note(self, place: str | None) -> None:
        """See `Transaction.note`."""
        self.state.copying = place

    async def begin(self, name: str, at: datetime) -> int:
        """See `Transaction.begin`."""
        times, since = self.state.begun.get(name, (0, at - SECOND))
        if abs(at - since) >= SECOND:
            self.state.begun[name] = times + 1, at
        return times

    async def finish(self, name: str) -> None:
        """See `Transaction.finish`."""
        self.state.begun.pop(name, None)

    async def renew(self) -> None:
        """See `Transaction.renew`."""
        state = self.state
        old = {id_: known for id_, known in state.versions.items() if known < ENDED and id_ not in state.loaded}
        state.former |= {id_: max(known, state.former.get(id_, 0)) for id_, known in old.items()}
        for id_ in old:
            del state.versions[id_]
        for event, _ in state.waiting.values():
            state.seen.pop(event.id, None)
        state.waiting.clear()

    async def former(self, aggregate_id: UUID) -> int:
        """See `Transaction.former`."""
        return self.state.former.get(aggregate_id, 0)

    async def forget(self) -> None:
        """See `Transaction.forget`."""
        self.state = MemoryState(copy=self.state.copy, letters=self.state.letters)


@dataclass
class MemoryInbox(Inbox[dict[Any, Any]]):
    """See `Inbox`."""

    state: MemoryState = field(default_factory=MemoryState)
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        """See `Inbox.transaction`."""
        async with self._alone:
            open_ = MemoryTransaction(deepcopy(self.state))
            yield open_
            self.state = open_.state


@dataclass
class Announcer:
    """Announce events as Gatewright does: with positions in the log, and versions of each aggregate."""

    source: str = "https://auth.example.com/auth"
    _positions: "count[int]" = field(default_factory=lambda: count(1))
    _versions: dict[UUID, int] = field(default_factory=dict)

    def announce(self, type_: str, aggregate_id: UUID, **data: Any) -> dict[str, Any]:
        """Return the next event of an aggregate, as JSON has it."""
        position = next(self._positions)
        version = self._versions[aggregate_id] = self._versions.get(aggregate_id, 0) + 1
        aggregate = type_.split(".")[1]
        return {
            "specversion": "1.0",
            "id": str(uuid5(NAMES, f"{self.source} {position}")),
            "source": self.source,
            "type": type_,
            "subject": f"{aggregate}/{aggregate_id}",
            "time": "2026-01-02T03:04:05Z",
            "datacontenttype": "application/json",
            "sequence": f"{position:019d}",
            "aggregatetype": aggregate,
            "aggregateid": str(aggregate_id),
            "aggregateversion": version,
            "schemaversion": 1,
            "data": data,
        }

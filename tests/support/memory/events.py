"""The log in memory."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.access.facade import Clearances
from domain.events.patterns import expression
from domain.events.ports import EVERYTHING, EventLog, ParkedEvents, States, Stretch, Wanted
from domain.events.queries.read_feed import ReadFeed, ReadFeedInteractor
from domain.events.queries.read_snapshot import Lines, ReadSnapshot, ReadSnapshotInteractor
from domain.events.reading import Readership
from domain.events.schemas import CloudEvent, Feed
from domain.kernel.access import Actor, Eyes, Permission
from domain.kernel.ids import OrganizationId, SessionId, UserId, uuid7
from tests.support.memory.ports import Firm


@dataclass
class MemoryEventLog(EventLog):
    """Keeps events in a list; `dropped` of the oldest are gone."""

    log: UUID = field(default_factory=uuid7)
    events: list[CloudEvent] = field(default_factory=list)
    dropped: int = 0
    looks_at: int = 10_000
    """How many events one read looks at."""
    appended: asyncio.Condition = field(default_factory=asyncio.Condition)
    awaited: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once somebody waits for an event."""

    async def append(self, event: CloudEvent) -> None:
        """Add `event` as the next, and wake who waits."""
        async with self.appended:
            self.events.append({**event, "sequence": f"{len(self.events) + 1:019d}"})
            self.appended.notify_all()

    async def read(self, after: int, limit: int, wanted: Wanted = EVERYTHING) -> Stretch:
        head, start = len(self.events), max(after, self.dropped)
        seen = self.events[start : start + self.looks_at]
        found = [event for event in seen if _is_wanted(event, wanted)][:limit]
        last = int(found[-1]["sequence"]) if len(found) == limit else start + len(seen)
        return Stretch(self.log, head, start + 1 if seen else head + 1, last, found)

    async def grown(self, past: int, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self.appended:
                self.awaited.set()
                await self.appended.wait_for(lambda: len(self.events) > past)


@dataclass
class MemoryParkedEvents(ParkedEvents):
    """Keeps pairs of sink and position."""

    kept: list[tuple[str, int]] = field(default_factory=list)

    async def park(self, sink: str, position: int) -> None:
        """Give up an event."""
        self.kept.append((sink, position))

    async def positions(self, sink: str) -> list[int]:
        return sorted(position for each, position in self.kept if each == sink)


class AllSeeing(Clearances):
    """Everybody may do everything, and no wall hides anything."""

    async def holds(self, actor: Actor, organization_id: OrganizationId, permission: Permission) -> bool:
        return True

    async def eyes(self, actor: Actor, organization_id: OrganizationId) -> Eyes:
        return Eyes(actor.user_id, bypass=True)


async def read_feed(log: EventLog, request: ReadFeed) -> Feed:
    """Answer `request` for somebody who may read everything."""
    actor = Actor(UserId(uuid7()), SessionId(uuid7()), None, 1)
    return await ReadFeedInteractor(log, Readership(AllSeeing()))(request, actor, Firm())


async def read_snapshot(states: States, request: ReadSnapshot) -> Lines:
    """Answer `request` for somebody who may read everything."""
    actor = Actor(UserId(uuid7()), SessionId(uuid7()), None, 1)
    stream = await ReadSnapshotInteractor(states, Readership(AllSeeing()))(request, actor, Firm())
    return [line async for part in stream.parts for line in part]


def _is_wanted(event: CloudEvent, wanted: Wanted) -> bool:
    if wanted.types and not re.fullmatch(expression(wanted.types), event["type"]):
        return False
    time = datetime.fromisoformat(event["time"])
    if (wanted.since and time < wanted.since) or (wanted.until and time >= wanted.until):
        return False
    return wanted.organization_id is None or event.get("organizationid") == str(wanted.organization_id)

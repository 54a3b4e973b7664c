"""The log in memory."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from domain.events.ports import Stretch
from domain.events.schemas import CloudEvent
from domain.kernel.ids import uuid7


@dataclass
class MemoryEventLog:
    """Keeps events in a list; `dropped` of the oldest are gone."""

    log: UUID = field(default_factory=uuid7)
    events: list[CloudEvent] = field(default_factory=list)
    dropped: int = 0
    appended: asyncio.Condition = field(default_factory=asyncio.Condition)
    awaited: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once somebody waits for an event."""

    async def append(self, event: CloudEvent) -> None:
        """Add `event` as the next, and wake who waits."""
        async with self.appended:
            self.events.append({**event, "sequence": f"{len(self.events) + 1:019d}"})
            self.appended.notify_all()

    async def read(self, after: int, limit: int) -> Stretch:
        start = max(after, self.dropped)
        found = self.events[start : start + limit]
        return Stretch(self.log, len(self.events), start + 1 if found else len(self.events) + 1, found)

    async def grown(self, past: int, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self.appended:
                self.awaited.set()
                await self.appended.wait_for(lambda: len(self.events) > past)

"""Follow what is announced."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from time import monotonic
from typing import Annotated, Final

from domain.events.errors import EventTypeUnknown
from domain.events.patterns import Pattern
from domain.events.ports import EventLog, Stretch, Wanted
from domain.events.reading import Place, Readership
from domain.events.schemas import Feed, FeedCursor, FeedEnd
from domain.kernel.access import Actor, Permission, Standing, needs
from domain.kernel.errors import (
    BypassRequired,
    CursorGone,
    CursorInvalid,
    DomainError,
    OrganizationNotFound,
    RetryLater,
)
from domain.kernel.ids import OrganizationId
from domain.kernel.schemas import Length, Stream
from domain.kernel.usecases import Query, interactor, last_event_id, message

PART: Final = 250
"""How many events are read and sent at a time."""
HEARTBEAT: Final = 15.0
"""Seconds after which something is said although there is nothing to tell: proxies end what is silent."""
LOOK: Final = 2.0
"""Seconds after which whoever waits is looked at again: so long a stream may outlive what let its reader in."""
PACE: Final = 0.001
"""Seconds that a stream waits, for each other one, once the log has grown: so often all of them together read it."""


@message
class StreamFeed(Query[Stream[Feed | FeedEnd]]):
    """Send the events after a cursor as they come, as server-sent events.

    Each has its cursor as `id`, so that a reader who comes again with `Last-Event-ID` goes on there; `after` says where
    to begin at first. `type` and `organization_id` choose as they do in `ReadFeed`. When the reader may read no more,
    or signed out, or the token has expired, an event `end` says so and nothing follows. While that, or the log, cannot
    be asked, nothing comes but comments.
    """

    after: str | None = None
    last_event_id: str | None = last_event_id(default=None)
    type: Annotated[tuple[Pattern, ...], Length(0, 50)] = ()
    organization_id: OrganizationId | None = None


@dataclass(slots=True)
class _Crowd:
    """How many streams there are."""

    streams: int = 0


_CROWD: Final = _Crowd()
"""Of this process, which reads the log for all of them."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Whose stream it is, and what they want of the log."""

    log: EventLog
    readership: Readership
    wanted: Wanted
    actor: Actor
    standing: Standing

    async def parts(self, place: Place, part: Stretch) -> AsyncGenerator[Feed | FeedEnd, None]:
        """Yield `part` and what follows it, until a refusal ends it that lasts."""
        told, looked = 0.0, monotonic()
        _CROWD.streams += 1
        try:
            while True:
                place = place.moved(part)
                if part.events or monotonic() >= told + HEARTBEAT:
                    yield Feed(part.events, str(place.cursor), place.position < part.head)
                    told = monotonic()
                if place.position >= part.head:
                    pause = PACE * (_CROWD.streams - 1)
                    await self.log.grown(place.position, looked + LOOK - pause - monotonic())
                    await asyncio.sleep(pause)
                try:
                    part = await place.read(self.log, PART, self.wanted)
                    if part.events or monotonic() >= looked + LOOK:
                        await self._look()
                        looked = monotonic()
                except RetryLater as refusal:
                    part = replace(part, last=place.position, events=[])
                    await asyncio.sleep(min(refusal.retry_after, LOOK))
        except DomainError as refusal:
            yield FeedEnd(refusal.code)
        finally:
            _CROWD.streams -= 1

    async def _look(self) -> None:
        """Raise what the reader would be refused with now."""
        await self.standing.confirm()
        await self.readership.admit(self.actor, self.wanted.organization_id)


@interactor(
    access=needs(Permission.EVENTS_READ, within="organization_id"),
    raises=(BypassRequired, CursorGone, CursorInvalid, EventTypeUnknown, OrganizationNotFound),
)
class StreamFeedInteractor:
    log: EventLog
    readership: Readership

    async def __call__(self, request: StreamFeed, actor: Actor, standing: Standing) -> Stream[Feed | FeedEnd]:
        wanted = await self.readership.wanted(actor, request.type, request.organization_id)
        after = request.last_event_id or request.after
        place = Place(None if after is None else FeedCursor.parse(after))
        first = await place.read(self.log, PART, wanted)
        reader = _Reader(self.log, self.readership, wanted, actor, standing)
        return Stream(reader.parts(place, first), actor.user_id if wanted.organization_id else None)

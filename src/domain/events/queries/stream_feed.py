"""Follow what is announced."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Final

from domain.events.errors import EventTypeUnknown
from domain.events.patterns import Pattern
from domain.events.ports import EventLog, Stretch, Wanted
from domain.events.reading import Place, Readership
from domain.events.schemas import Feed, FeedCursor, FeedEnd
from domain.kernel.access import Actor, Permission, Standing, needs
from domain.kernel.errors import BypassRequired, CursorGone, CursorInvalid, DomainError, OrganizationNotFound
from domain.kernel.ids import OrganizationId
from domain.kernel.schemas import Length, Stream
from domain.kernel.usecases import Query, interactor, last_event_id, message

PART: Final = 250
"""How many events are read and sent at a time."""
HEARTBEAT: Final = 15.0
"""Seconds after which something is said although there is nothing to tell: proxies end what is silent."""
LOOK: Final = 2.0
"""Seconds after which whoever waits is looked at again: so long a stream may outlive what let its reader in."""


@message
class StreamFeed(Query[Stream[Feed | FeedEnd]]):
    """Send the events after a cursor as they come, as server-sent events.

    Each has its cursor as `id`, so that a reader who comes again with `Last-Event-ID` goes on there; `after` says where
    to begin at first. `type` and `organization_id` choose as they do in `ReadFeed`. When the reader may read no more,
    or signed out, or the token has expired, an event `end` says so and nothing follows.
    """

    after: str | None = None
    last_event_id: str | None = last_event_id(default=None)
    type: Annotated[tuple[Pattern, ...], Length(0, 50)] = ()
    organization_id: OrganizationId | None = None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Whose stream it is, and what they want of the log."""

    log: EventLog
    readership: Readership
    wanted: Wanted
    actor: Actor
    standing: Standing

    async def parts(self, place: Place, part: Stretch) -> AsyncGenerator[Feed | FeedEnd, None]:
        """Yield `part` and what follows it, until a refusal ends it."""
        told = 0.0
        try:
            while True:
                place = place.moved(part)
                if part.events or monotonic() >= told + HEARTBEAT:
                    yield Feed(part.events, str(place.cursor), place.position < part.head)
                    told = monotonic()
                if place.position >= part.head:
                    await self.log.grown(place.position, LOOK)
                await self.standing.confirm()
                await self.readership.admit(self.actor, self.wanted.organization_id)
                part = await place.read(self.log, PART, self.wanted)
        except DomainError as refusal:
            yield FeedEnd(refusal.code)


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

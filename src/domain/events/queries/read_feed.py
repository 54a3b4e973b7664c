"""Read what was announced."""

from time import monotonic
from typing import Annotated, Final

from domain.events.errors import EventTypeUnknown
from domain.events.patterns import Pattern
from domain.events.ports import EventLog
from domain.events.reading import Place, Readership
from domain.events.schemas import Feed, FeedCursor
from domain.kernel.access import Actor, Permission, Standing, needs
from domain.kernel.errors import BypassRequired, CursorGone, CursorInvalid, OrganizationNotFound
from domain.kernel.ids import OrganizationId
from domain.kernel.schemas import Length, Range
from domain.kernel.usecases import Query, interactor, message

LOOKS: Final = 10
"""How many parts of the log one request goes through for something that is wanted."""


@message
class ReadFeed(Query[Feed]):
    """Return the events after a cursor, the oldest first; without a cursor, from the beginning.

    `type` names the types that are wanted, `*` standing for any one segment, as in `identity.user.*`; it can be given
    several times. With `organization_id` the events of that organization are returned, which takes the permission
    there; all others take it on the platform.

    With `wait` an empty answer is held back for up to so many seconds, until there is something to say. Whoever was
    signed out or lost the permission in the meantime is refused. Go on at `next` even if the answer was empty: what
    was not wanted is behind it.
    """

    after: str | None = None
    type: Annotated[tuple[Pattern, ...], Length(0, 50)] = ()
    organization_id: OrganizationId | None = None
    limit: Annotated[int, Range(1, 1000)] = 100
    wait: Annotated[int, Range(0, 30)] = 0


@interactor(
    access=needs(Permission.EVENTS_READ, within="organization_id"),
    raises=(BypassRequired, CursorGone, CursorInvalid, EventTypeUnknown, OrganizationNotFound),
)
class ReadFeedInteractor:
    log: EventLog
    readership: Readership

    async def __call__(self, request: ReadFeed, actor: Actor, standing: Standing) -> Feed:
        wanted = await self.readership.wanted(actor, request.type, request.organization_id)
        place = Place(None if request.after is None else FeedCursor.parse(request.after))
        ends, looks = monotonic() + request.wait, 0
        while True:
            part = await place.read(self.log, request.limit, wanted)
            place, looks = place.moved(part), looks + 1
            left, more = ends - monotonic(), place.position < part.head
            if part.events or (more and looks >= LOOKS) or (not more and left <= 0):
                return Feed(part.events, str(place.cursor), more)
            if not more:
                await self.log.grown(place.position, left)
                await standing.confirm()
                await self.readership.admit(actor, request.organization_id)
                looks = 0

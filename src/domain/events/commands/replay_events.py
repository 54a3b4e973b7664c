"""Publish events again."""

from datetime import datetime
from typing import Annotated

from domain.events.errors import EventTypeUnknown
from domain.events.patterns import Pattern, known
from domain.events.ports import EventLog, Wanted
from domain.events.reading import Course, Place
from domain.events.schemas import FeedCursor
from domain.kernel.access import Permission, needs
from domain.kernel.errors import CursorGone, CursorInvalid
from domain.kernel.ids import OrganizationId
from domain.kernel.schemas import Length
from domain.kernel.usecases import Command, interactor, message, target


@message
class ReplayEvents(Command[Course]):
    """Say what one queue of the broker is to have again, up to the present end of the log.

    It begins after a cursor, or else with the oldest event that the database still has. Whoever asks publishes it then.
    """

    queue: Annotated[str, Length(1, 255)] = target()
    after: str | None = None
    type: Annotated[tuple[Pattern, ...], Length(0, 50)] = ()
    organization_id: OrganizationId | None = None
    since: datetime | None = None
    until: datetime | None = None


@interactor(
    access=needs(Permission.EVENTS_READ),
    raises=(CursorGone, CursorInvalid, EventTypeUnknown),
    audit="events.log.replay",
)
class ReplayEventsInteractor:
    log: EventLog

    async def __call__(self, request: ReplayEvents) -> Course:
        wanted = Wanted(known(request.type), request.organization_id, request.since, request.until)
        place = Place(None if request.after is None else FeedCursor.parse(request.after))
        part = await place.read(self.log, 1, wanted)
        start = place.cursor or FeedCursor(part.log, part.first - 1)
        return Course(start, part.head, wanted)

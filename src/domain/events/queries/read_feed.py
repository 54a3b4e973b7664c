"""Read what was announced."""

from typing import Annotated

from domain.events.ports import EventLog, Stretch
from domain.events.schemas import Feed, FeedCursor
from domain.kernel.access import Permission, Standing, needs
from domain.kernel.errors import CursorGone, CursorInvalid
from domain.kernel.schemas import Limit, Range
from domain.kernel.usecases import Query, interactor, message


@message
class ReadFeed(Query[Feed]):
    """Return the events after a cursor, the oldest first; without a cursor, from the beginning.

    With `wait` an empty answer is held back for up to so many seconds, until there is something to say. Whoever was
    signed out or lost the permission in the meantime is refused.
    """

    after: str | None = None
    limit: Limit = 100
    wait: Annotated[int, Range(0, 30)] = 0


@interactor(access=needs(Permission.EVENTS_READ), raises=(CursorGone, CursorInvalid))
class ReadFeedInteractor:
    log: EventLog

    async def __call__(self, request: ReadFeed, standing: Standing) -> Feed:
        cursor = None if request.after is None else FeedCursor.parse(request.after)
        position = cursor.position if cursor else 0
        part = await self._read(cursor, position, request.limit)
        if not part.events and request.wait:
            await self.log.grown(position, request.wait)
            part = await self._read(cursor, position, request.limit)
            await standing.confirm()
        last = part.first + len(part.events) - 1 if part.events else position
        return Feed(part.events, str(FeedCursor(part.log, last)))

    async def _read(self, cursor: FeedCursor | None, position: int, limit: int) -> Stretch:
        part = await self.log.read(position, limit)
        if cursor:
            if cursor.log != part.log:
                raise CursorGone
            if position > part.head:
                raise CursorInvalid
            if part.first > position + 1:  # dropped by retention: to go on would be to skip them unseen
                raise CursorGone
        return part

"""What every way of reading the log has in common."""

from dataclasses import dataclass

from domain.access.facade import Clearances
from domain.events.patterns import known
from domain.events.ports import EventLog, Stretch, Wanted
from domain.events.schemas import FeedCursor
from domain.kernel.access import Actor, Permission
from domain.kernel.errors import BypassRequired, CursorGone, CursorInvalid
from domain.kernel.ids import PLATFORM, OrganizationId


@dataclass(frozen=True, slots=True)
class Readership:
    """Who may read whose events; the gate has let them in."""

    clearances: Clearances

    async def wanted(self, actor: Actor, types: tuple[str, ...], organization_id: OrganizationId | None) -> Wanted:
        """Return what the actor asks for; raise `EventTypeUnknown`, or `BypassRequired` if walls hide some of it."""
        await self.admit(actor, organization_id)
        return Wanted(known(types), organization_id)

    async def admit(self, actor: Actor, organization_id: OrganizationId | None) -> None:
        """Raise `BypassRequired` for whoever reads one organization alone, and does not see all of it."""
        if organization_id is None or (await self.clearances.eyes(actor, organization_id)).bypass:
            return
        if not await self.clearances.holds(actor, PLATFORM, Permission.EVENTS_READ):
            raise BypassRequired


@dataclass(frozen=True, slots=True)
class Course:
    """What of the log is to be gone through: from after `start` up to the position `end`."""

    start: FeedCursor
    end: int
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader is."""

    cursor: FeedCursor | None

    @property
    def position(self) -> int:
        """The position of the last event that they know."""
        return self.cursor.position if self.cursor else 0

    def moved(self, part: Stretch) -> "Place":
        """Return where they are after `part`."""
        return Place(FeedCursor(part.log, max(self.position, part.last)))

    async def read(self, log: EventLog, limit: int, wanted: Wanted) -> Stretch:
        """Return what follows; raise `CursorGone`, or `CursorInvalid` for a place that the log has not reached."""
        part = await log.read(self.position, limit, wanted)
        if self.cursor:
            if self.cursor.log != part.log:
                raise CursorGone
            if self.position > part.head:
                raise CursorInvalid
            if part.first > self.position + 1:  # dropped by retention: to go on would be to skip them unseen
                raise CursorGone
        return part

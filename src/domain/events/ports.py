"""What reading the log needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from domain.events.kinds import Kind
from domain.events.schemas import CloudEvent, FeedCursor, Thing
from domain.kernel.ids import OrganizationId


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a reader wants."""

    types: tuple[str, ...] = ()
    """Patterns of types, any of which will do; without one, all of them. See `domain.events.patterns`."""
    organization_id: OrganizationId | None = None
    """The organization whose events they are; None for all, and those of none."""
    since: datetime | None = None
    """When the earliest of them occurred, with a time zone; None for no bound."""
    until: datetime | None = None
    """Before when all of them occurred. The order of the log is nearly that of time, and not quite."""


EVERYTHING: Final = Wanted()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the log, and where the log ended when it was read."""

    log: UUID
    head: int
    first: int
    """The position of the first event after where reading began, wanted or not; without any, one more than `head`."""
    last: int
    """How far it was read: up to here there is nothing wanted beside `events`."""
    events: list[CloudEvent]


class EventLog(Protocol):
    """The log of events: positions 1, 2, 3 ... without gaps, of which the oldest may have been dropped."""

    async def read(self, after: int, limit: int, wanted: Wanted = EVERYTHING) -> Stretch:
        """Return up to `limit` events past the position `after`, in order.

        However few are wanted, it looks at some thousands of them at most: `last` says where to go on. Raise
        `Unavailable` while the log cannot be reached.
        """

    async def grown(self, past: int, seconds: float) -> None:
        """Return once the log reaches beyond `past`, or after about `seconds`; hold no connection meanwhile."""


class ParkedEvents(Protocol):
    """Events that were given up on their way to a sink, so that the others could pass."""

    async def positions(self, sink: str) -> list[int]:
        """Return where in the log they are, the oldest first."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which things are meant."""

    kind: Kind
    organization_id: OrganizationId | None = None
    """The organization that they belong to; None for all."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What one range of ids holds: how many things, and the digest of their versions."""

    first: UUID
    count: int
    digest: int
    """64 bits: see `Range`."""


class States(Protocol):
    """The present state of everything that events are about."""

    async def cursor(self) -> FeedCursor:
        """Return where the log ends: what is read afterwards knows everything up to there, and maybe more."""

    async def things(self, chosen: Selection, after: str | None, limit: int) -> list[Thing]:
        """Return up to `limit` things behind the id `after`, in the order of their ids; no version is older than that.

        What has expired is left out. Raise `ThingIdInvalid`.
        """

    async def bounds(self, chosen: Selection, first: UUID, last: UUID) -> tuple[UUID, UUID] | None:
        """Return the least and the greatest id from `first` to `last`, None if there is none."""

    async def count(self, chosen: Selection, firsts: Sequence[UUID], last: UUID) -> tuple[FeedCursor, list[Counted]]:
        """Return what the ranges that begin at `firsts` hold, the final one up to `last`, as of the cursor returned.

        They are as those who have read exactly so far know them, whatever is committed meanwhile. Of what has version 0
        nothing was ever announced: it does not count, nor does what has expired. Raise `DigestTooLarge`, and
        `Overloaded` while what is being deleted makes it impossible to tell, or others count.
        """

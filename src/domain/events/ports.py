"""What reading the log needs."""

from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from domain.events.schemas import CloudEvent
from domain.kernel.ids import OrganizationId


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a reader wants."""

    types: tuple[str, ...] = ()
    """Patterns of types, any of which will do; without one, all of them. See `domain.events.patterns`."""
    organization_id: OrganizationId | None = None
    """The organization whose events they are; None for all, and those of none."""


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

        However few are wanted, it looks at some thousands of them at most: `last` says where to go on.
        """

    async def grown(self, past: int, seconds: float) -> None:
        """Return once the log reaches beyond `past`, or after about `seconds`; hold no connection meanwhile."""

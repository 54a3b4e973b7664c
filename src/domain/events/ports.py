"""What reading the log needs."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.events.schemas import CloudEvent


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the log, and where the log ended when it was read."""

    log: UUID
    head: int
    first: int
    """The position of the first of `events`; without any, one more than `head`."""
    events: list[CloudEvent]


class EventLog(Protocol):
    """The log of events: positions 1, 2, 3 ... without gaps, of which the oldest may have been dropped."""

    async def read(self, after: int, limit: int) -> Stretch:
        """Return up to `limit` events past the position `after`, in order."""

    async def grown(self, past: int, seconds: float) -> None:
        """Return once the log reaches beyond `past`, or after about `seconds`; hold no connection meanwhile."""

"""What a relay is to deliver, and what it remembers of it."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

from core.personal import PersonalKeys

EXCHANGE: Final = "auth.events"

Row = Mapping[str, Any]
Mark = tuple[int, UUID]
"""An event, by its position and its id: after a failover that lost commits another one may have its position."""


class RelayMeter(Protocol):
    """Told what the relay does."""

    def confirmed(self, event: Mapping[str, Any]) -> None:
        """Take note of an event, as the log has it, that the broker has just confirmed."""


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """Takes no notes."""

    def confirmed(self, event: Mapping[str, Any]) -> None:
        """Ignore it."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Where to deliver the log to, and how."""

    sink: str = "rabbitmq"
    """Whose cursors these are."""
    exchange: str = EXCHANGE
    """Another one where two deployments share a virtual host."""
    source: str = "/auth"
    """The `source` of every event: the issuer's URL, where there is one."""
    people: PersonalKeys = field(default_factory=PersonalKeys)
    """What opens the personal data of events; without them, those that have any cannot be sent."""
    meter: RelayMeter = field(default_factory=Unmeasured)
    returns: int = 10
    """How often the broker may return an event before it counts as delivered to nobody."""
    refusals: int = 4
    """How often a queue may refuse an event before it is parked: four times take five seconds."""
    passes: bool = False
    """Whether an event that cannot be opened is given up; else nothing goes on until it can be."""
    in_flight: int = 256
    """More than that gains nothing (`benchmarks/events.py`)."""
    patience: float = 5
    """Seconds that the broker may take to confirm an event."""
    leave: float = 2
    """Seconds that events under way have to be confirmed when the relay stops; the others are repeated."""

    @property
    def name(self) -> str:
        """What the sessions of this sink's relays are called at Postgres; they find each other by it."""
        return f"gatewright-relay-{self.sink}"


@dataclass(slots=True)
class Progress:
    """What a relay knows beyond the stored cursors, from one session to the next."""

    ahead: set[Mark] = field(default_factory=set)
    """Confirmed past the cursors: not sent again."""
    faults: Counter[UUID] = field(default_factory=Counter)
    """How often the broker closed the channel while this event alone was under way."""
    returns: Counter[UUID] = field(default_factory=Counter)
    """How often the broker returned it."""
    refusals: Counter[UUID] = field(default_factory=Counter)
    """How often a queue refused it."""
    careful: int = 0
    """How many more events to publish one by one."""

    def suspect(self, events: int) -> None:
        """Publish one by one until so many are through: one of them makes the broker close the channel."""
        self.careful = max(self.careful, events)

    def confirm(self, row: Row) -> None:
        """Note that this event needs no sending."""
        self.ahead.add(mark(row))
        for counted in (self.faults, self.returns, self.refusals):
            counted.pop(row["id"], None)
        self.careful = max(self.careful - 1, 0)

    def take_back(self, positions: Collection[int]) -> None:
        """Forget that these were given up: nobody has written it down."""
        self.ahead = {each for each in self.ahead if each[0] not in positions}


def mark(row: Row) -> Mark:
    """Return what tells this event from any other that may ever have its position."""
    return row["position"], row["id"]

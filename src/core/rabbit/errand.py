"""What a relay is to deliver, and what it remembers of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from core.personal import PersonalKeys

EXCHANGE: Final = "auth.events"


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

    ahead: set[int] = field(default_factory=set)
    """Confirmed past the cursors: not sent again."""
    faults: Counter[int] = field(default_factory=Counter)
    """By position: how often the broker closed the channel while this event alone was under way."""
    returns: Counter[int] = field(default_factory=Counter)
    """By position: how often the broker returned it."""
    refusals: Counter[int] = field(default_factory=Counter)
    """By position: how often a queue refused it."""
    careful: int = 0
    """How many more events to publish one by one."""

    def suspect(self, events: int) -> None:
        """Publish one by one until so many are through: one of them makes the broker close the channel."""
        self.careful = max(self.careful, events)

    def confirm(self, position: int) -> None:
        """Note that the event at `position` needs no sending."""
        self.ahead.add(position)
        for counted in (self.faults, self.returns, self.refusals):
            counted.pop(position, None)
        self.careful = max(self.careful - 1, 0)

"""What a consumer is told to do with events, and what it tells of them."""

from enum import Enum, StrEnum


class Later(Exception):
    """Raised by a handler: not the event is at fault, but something that passes. It counts as no attempt."""


class Doubtful(Exception):
    """Raised to who wants it: an event comes too late, or else the log was restored, which the feed knows."""


class Order(Enum):
    """What is done with an event that others of its aggregate should have preceded."""

    COMPLETE = "complete"
    """It waits for them: for consumers of every event of an aggregate."""
    RISING = "rising"
    """It is handled, and those that come later are dropped: for consumers of some events, each of which says all."""


class Outcome(StrEnum):
    """What became of an event."""

    HANDLED = "handled"
    REPEATED = "repeated"
    OUTDATED = "outdated"
    HELD = "held"
    BURIED = "buried"
    UNWANTED = "unwanted"

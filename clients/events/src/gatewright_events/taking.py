"""What a consumer is given: events, and what to do with them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gatewright_events.events import Event
from gatewright_events.inbox import Transaction
from gatewright_events.outcomes import Outcome

C = TypeVar("C")
Handler = Callable[[Event, C], Awaitable[None]]
"""Applies an event by a connection of the inbox, in whose transaction it runs; it must not commit."""
Still = Callable[[Transaction[C]], Awaitable[None]]
"""Raises when what it was asked for holds no longer."""
Act = Callable[[Transaction[C]], Awaitable[Outcome]]
Body = bytes | str | Mapping[str, Any]
Take = Callable[[Mapping[str, Any]], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Way(Generic[C]):
    """How an event comes: see `Consumer.take`."""

    in_order: bool = False
    still: Still[C] | None = None
    noted: bool = False
    doubted: bool = False

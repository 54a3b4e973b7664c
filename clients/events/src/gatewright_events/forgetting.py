"""What an inbox does not know any more: what was seen long ago, and what the versions of another log say."""

from datetime import datetime, timedelta
from typing import Final, TypeVar

from gatewright_events.events import Event, happened
from gatewright_events.inbox import Transaction

C = TypeVar("C")
RECENT: Final = timedelta(days=7)
SKEW: Final = timedelta(days=1)
"""How far the clocks of processes are apart, at most."""


async def prune(open_: Transaction[C], age: timedelta, now: datetime) -> int:
    """Forget what happened longer ago, both before `now` and before the last event; return of how many."""
    if (span := await open_.span()) is None:
        return 0
    last = span[1]
    # A clock that is ahead had a release before forget what was to come, too.
    return await open_.prune(min(now, last) - age, max(now, last) - SKEW)


async def renew(open_: Transaction[C], now: datetime) -> None:
    """Begin with the versions of another log, whose beginning may be that of the one before."""
    span = await open_.span()
    await open_.renew()
    if span:
        # What happened before the first event that was seen was none of ours, and is not now.
        await open_.prune(span[0] - SKEW, max(now, span[1]) - SKEW)


async def is_forgotten(event: Event, open_: Transaction[C]) -> bool:
    """Tell whether it is not known any more if an event was seen."""
    horizon, time = await open_.pruned(), happened(event)
    return bool(horizon and time and time < horizon + SKEW)


async def is_former(event: Event, open_: Transaction[C]) -> bool:
    """Tell whether an event that was not seen, as far as is known, was handled in a log of before."""
    return event.aggregate_version <= await open_.former(event.aggregate_id) and await is_forgotten(event, open_)

"""What was seen long ago is forgotten, and is handled no second time for that."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from gatewright_events.consumer import Consumer
from gatewright_events.events import Event
from gatewright_events.outcomes import Order, Outcome
from gatewright_events.testing import Announcer, MemoryInbox

ADA = UUID(int=1)
MONTH = timedelta(days=30)


class Desk:
    """A consumer that has handled three of five events, the first of which never came."""

    def __init__(self, order: Order) -> None:
        self.now = datetime(2026, 1, 2, 12, tzinfo=UTC)
        self.handled: list[int] = []
        self.consumer = Consumer(MemoryInbox(), self.handle, order=order, now=lambda: self.now)
        announcer = Announcer()
        self.events = [announcer.announce("identity.user.updated", ADA) for _ in range(5)]

    async def handle(self, event: Event, _: Any) -> None:
        self.handled.append(event.aggregate_version)

    async def begin(self) -> None:
        for each in self.events[1:4]:
            await self.consumer.take(each)
        self.now += self.consumer.patience
        await self.consumer.release()
        assert self.handled == [2, 3, 4]


@pytest.mark.parametrize("order", list(Order))
async def test_what_comes_again_after_it_was_forgotten_is_handled_no_second_time(order: Order) -> None:
    desk = Desk(order)
    await desk.begin()
    assert await desk.consumer.prune(MONTH) == 0
    desk.now += 2 * MONTH
    assert await desk.consumer.prune(MONTH) == 3
    outcomes = [await desk.consumer.take(each, in_order=in_order) for in_order in (True, False) for each in desk.events]
    assert {*outcomes[:4], *outcomes[5:]} <= {Outcome.REPEATED, Outcome.OUTDATED}
    assert (outcomes[4], desk.handled) == (Outcome.HANDLED, [2, 3, 4, 5])
    assert not await desk.consumer.letters()


@pytest.mark.parametrize("time", [None, "soon", "2026-02-01T00:00:00", "2026-02-20T00:00:00Z"])
async def test_what_is_younger_and_comes_late_is_kept_as_ever(time: str | None) -> None:
    desk = Desk(Order.COMPLETE)
    await desk.begin()
    if time:
        desk.now += 2 * MONTH
        await desk.consumer.prune(MONTH)  # of before 31 January, or 1 February by another clock
        desk.events[0]["time"] = time
    assert await desk.consumer.take(desk.events[0]) is Outcome.BURIED


async def test_what_may_well_come_again_is_not_forgotten() -> None:
    with pytest.raises(ValueError, match="7 days"):
        await Desk(Order.COMPLETE).consumer.prune(timedelta(days=6))

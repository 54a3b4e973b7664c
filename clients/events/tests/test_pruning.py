"""What was seen long ago is forgotten, and is handled no second time for that."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from gatewright_events.consumer import Consumer
from gatewright_events.events import Event
from gatewright_events.outcomes import Order, Outcome
from gatewright_events.testing import Announcer, MemoryInbox

ADA, BOB = UUID(int=1), UUID(int=2)
YEAR = timedelta(days=365)
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
        if event.aggregate_id == ADA:
            self.handled.append(event.aggregate_version)

    async def begin(self) -> None:
        for each in self.events[1:4]:
            await self.consumer.take(each)
        self.now += self.consumer.patience
        await self.consumer.release()
        assert self.handled == [2, 3, 4]

    async def pass_by(self, time: timedelta) -> None:
        """Let time pass, at the end of which something happens to somebody else."""
        self.now += time
        event = {
            **Announcer(f"https://{self.now}").announce("identity.user.deactivated", BOB),
            "time": f"{self.now:%FT%TZ}",
        }
        await self.consumer.take(event)


@pytest.mark.parametrize("order", list(Order))
async def test_what_comes_again_after_it_was_forgotten_is_handled_no_second_time(order: Order) -> None:
    desk = Desk(order)
    await desk.begin()
    assert await desk.consumer.prune(MONTH) == 0
    await desk.pass_by(2 * MONTH)
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
        await desk.pass_by(2 * MONTH)
        assert await desk.consumer.prune(MONTH) == 3  # of before 31 January, or 1 February by another clock
        desk.events[0]["time"] = time
    assert await desk.consumer.take(desk.events[0]) is Outcome.BURIED


@pytest.mark.parametrize("ahead", ["meanwhile", "before as well"])
async def test_a_clock_that_was_ahead_makes_nobody_pass_over_what_comes_late(ahead: str) -> None:
    desk = Desk(Order.COMPLETE)
    if ahead == "before as well":
        desk.now += YEAR
    await desk.begin()
    if ahead == "meanwhile":
        desk.now += YEAR
    assert await desk.consumer.prune(3 * MONTH) == 0
    desk.now -= YEAR
    assert await desk.consumer.take(desk.events[2]) is Outcome.REPEATED
    assert await desk.consumer.take(desk.events[0]) is Outcome.BURIED


async def test_what_a_release_before_has_forgotten_with_a_clock_ahead_is_set_right() -> None:
    desk = Desk(Order.COMPLETE)
    async with desk.consumer.inbox.transaction() as open_:
        await open_.prune(desk.now + YEAR, desk.now + YEAR)
    assert await desk.consumer.prune(MONTH) == 0  # nothing was seen yet
    await desk.begin()
    assert await desk.consumer.take(desk.events[0]) is Outcome.REPEATED
    await desk.consumer.prune(MONTH)
    desk.events[4]["time"] = f"{desk.now:%FT%TZ}"
    desk.events[4]["aggregateversion"] = 2
    assert await desk.consumer.take(desk.events[4]) is Outcome.BURIED


async def test_a_clock_that_was_set_back_forgets_no_more_and_remembers_no_less() -> None:
    desk = Desk(Order.COMPLETE)
    await desk.begin()
    await desk.pass_by(2 * MONTH)
    assert await desk.consumer.prune(MONTH) == 3
    desk.now -= YEAR
    await desk.pass_by(timedelta(0))
    assert await desk.consumer.prune(MONTH) == 0
    desk.now += YEAR
    assert await desk.consumer.take(desk.events[2]) is Outcome.REPEATED


async def test_what_may_well_come_again_is_not_forgotten() -> None:
    with pytest.raises(ValueError, match="7 days"):
        await Desk(Order.COMPLETE).consumer.prune(timedelta(days=6))

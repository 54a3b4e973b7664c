"""Asking for what was parked to be sent once more."""

import pytest

from domain.events.commands.retry_parked_events import RetryParkedEvents
from domain.kernel.errors import Forbidden
from tests.contracts.parked_events import ParkedEventsContract, Siding
from tests.support.app import App
from tests.support.memory.events import MemoryParkedEvents


class TestMemoryParkedEvents(ParkedEventsContract):
    @pytest.fixture
    def siding(self) -> Siding:
        parked = MemoryParkedEvents()
        return Siding(parked, parked.park)


async def test_what_is_parked_is_said_and_audited(app: App) -> None:
    root = await app.administrator()
    for position in (4, 2):
        await app.parked.park("rabbitmq", position)
    await app.parked.park("elsewhere", 1)
    assert await app.send(RetryParkedEvents(sink="rabbitmq"), as_=root) == [2, 4]
    entry = app.memory.audited[-1]
    assert (entry.action, entry.outcome, entry.target) == ("events.parked.retry", "done", "sink:rabbitmq")


async def test_only_those_who_read_everything_may(app: App) -> None:
    await app.signed_up()
    with pytest.raises(Forbidden):
        await app.send(RetryParkedEvents(sink="rabbitmq"), as_=await app.signed_in())

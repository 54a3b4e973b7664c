"""What every `ParkedEvents` promises."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from domain.events.ports import ParkedEvents


@dataclass(frozen=True)
class Siding:
    """What was parked, and how it comes to be."""

    parked: ParkedEvents
    park: Callable[[str, int], Awaitable[None]]
    """Park the event at a position, on its way to a sink."""


class ParkedEventsContract:
    """Run by inheriting and providing the fixture `siding`."""

    async def test_positions_of_a_sink_come_in_order(self, siding: Siding) -> None:
        for sink, position in (("rabbitmq", 7), ("elsewhere", 1), ("rabbitmq", 2)):
            await siding.park(sink, position)
        assert await siding.parked.positions("rabbitmq") == [2, 7]
        assert await siding.parked.positions("elsewhere") == [1]

    async def test_of_a_sink_that_took_everything_there_is_none(self, siding: Siding) -> None:
        assert await siding.parked.positions("rabbitmq") == []

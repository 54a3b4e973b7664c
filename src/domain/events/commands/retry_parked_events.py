"""Publish once more what was given up."""

from typing import Annotated

from domain.events.ports import ParkedEvents
from domain.kernel.access import Permission, needs
from domain.kernel.schemas import Length
from domain.kernel.usecases import Command, interactor, message, target


@message
class RetryParkedEvents(Command[list[int]]):
    """Say which events, by position, were given up on their way to a sink. Whoever asks publishes them then."""

    sink: Annotated[str, Length(1, 255)] = target()


@interactor(access=needs(Permission.EVENTS_READ), audit="events.parked.retry")
class RetryParkedEventsInteractor:
    parked: ParkedEvents

    async def __call__(self, request: RetryParkedEvents) -> list[int]:
        return await self.parked.positions(request.sink)

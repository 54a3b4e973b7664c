"""RabbitMQ as a way to whichever worker is free, while it is there."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NoReturn
from uuid import UUID

from core.jobs.broker import Send, carrier, make_broker
from core.jobs.runner import Runner
from core.postgres.jobs import Lease
from core.retrying import end_if_cancelled, forever, summary

NOTHING: Final = Lease(UUID(int=0), "", 0, datetime.min.replace(tzinfo=UTC))
"""An attempt at no job: void wherever it arrives."""


class NotTaken(Exception):
    """The broker did not take an attempt, or not in time."""


@dataclass(slots=True)
class Ferry:
    """Hand on attempts, and do those that arrive. `run` it beside whoever sends.

    A broker that blocks its publishers accepts connections. So it is there only once it has taken `NOTHING`, and away
    from the first attempt on that it does not take.
    """

    rabbit: str
    redis: str | None
    queue: str
    runner: Runner
    _send: Send | None = field(default=None, init=False)
    _refused: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def is_there(self) -> bool:
        """Whether it takes attempts, as far as is known."""
        return self._send is not None

    async def send(self, lease: Lease) -> None:
        """Hand on an attempt; raise `NotTaken`, and be away for now, if that fails."""
        if self._send is None:
            raise NotTaken
        try:
            await self._send(lease)
        except (Exception, asyncio.CancelledError) as error:
            end_if_cancelled()  # else aio-pika cancelled what waited for a connection that is lost
            self._send = None
            self._refused.set()
            raise NotTaken(summary(error)) from error

    async def run(self) -> NoReturn:
        """Keep a way open until cancelled, then let what has begun end, for a few seconds."""
        await forever("the carrier of jobs", self._serve)

    async def _serve(self) -> None:
        broker = make_broker(self.rabbit, self.redis, self.queue)
        async with carrier(broker, self.runner) as (send, receive), asyncio.TaskGroup() as group:
            group.create_task(receive())
            await send(NOTHING)
            self._refused.clear()
            self._send = send
            try:
                await self._refused.wait()
            finally:
                self._send = None
            raise NotTaken("the broker takes no jobs: they are done here")

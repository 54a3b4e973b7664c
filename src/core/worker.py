"""Everything that happens after the commit, in one process; start as many as you like."""

import asyncio
import logging
import signal
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from core.jobs.broker import QUEUE
from core.jobs.registry import Jobs
from core.jobs.work import JobWork
from core.postgres.backlog import Backlog, backlog
from core.postgres.direct import Connects, session
from core.postgres.retention import Retention
from core.postgres.sequencer import Sequencer
from core.processes import settle_heap
from core.rabbit.errand import Errand
from core.retrying import forever
from core.webhooks.rows import Webhooking, webhooking
from core.webhooks.teller import Teller

_log = logging.getLogger(__name__)

REFRESH: Final = 5.0
"""Seconds between two looks at what waits."""


PATIENCE: Final = 6.0
"""Seconds that the parts have to end what they have begun."""


async def end(
    working: asyncio.Task[NoReturn], others: Collection[asyncio.Task[Any]], patience: float = PATIENCE
) -> None:
    """Cancel what works, and again all tasks but `others` that go on after `patience` seconds.

    Before Python 3.12 `asyncio.wait_for`, which libraries call, forgets a cancellation that comes together with what it
    waits for; a group of tasks tells each of its tasks once only.
    """
    working.cancel()
    await asyncio.wait([working], timeout=patience)
    while not working.done():
        for each in asyncio.all_tasks().difference(others):
            each.cancel()
        await asyncio.wait([working], timeout=0.5)


@dataclass(frozen=True, slots=True)
class Worker:
    """Number what is committed, deliver it, do the jobs, and tell how much waits.

    Each part connects for itself, goes on when Postgres, RabbitMQ or Redis is lost, and stops nobody else.
    """

    database: Connects
    jobs: Jobs
    rabbit: str | None = None
    """`amqp://`; without it events wait in the log, for the feed, and jobs run in this process."""
    redis: str | None = None
    """Keeps the results of jobs for an hour."""
    errand: Errand = field(default_factory=Errand)
    queue: str = QUEUE
    gauges: Callable[[Backlog], None] | None = None
    """Called every few seconds."""
    teller: Teller | None = None
    """Tells webhooks."""
    fare: Callable[[Webhooking], None] | None = None
    """Called as often as `gauges`, if that is."""
    retention: Retention | None = None
    """Without it the logs keep everything."""

    async def run(self) -> NoReturn:
        """Work until cancelled; that takes up to five seconds to end, so that what has begun need not be repeated."""
        jobs = JobWork(self.database, self.jobs, self.rabbit, self.redis, self.queue)
        async with asyncio.TaskGroup() as group:
            group.create_task(Sequencer(self.database, committed=jobs.wake).run())
            group.create_task(jobs.run())
            if self.rabbit:
                from core.rabbit.relay import Relay  # noqa: PLC0415 - without a broker nothing needs its client

                group.create_task(Relay(self.database, self.rabbit, self.errand).run())
            if self.teller:
                group.create_task(self.teller.run())
            if self.retention:
                group.create_task(self.retention.run())
            if self.gauges:
                group.create_task(forever("the gauges", self._measure))
        raise AssertionError("no part ends by itself")

    async def serve(self) -> None:
        """Work until SIGTERM or SIGINT."""
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        others = asyncio.all_tasks()
        working, stopping = asyncio.create_task(self.run()), asyncio.create_task(stop.wait())
        await asyncio.sleep(0)  # its parts are there then, and what they import
        settle_heap()
        _log.info("at work")
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        await end(working, others)
        done = (await asyncio.gather(working, return_exceptions=True))[0]
        if isinstance(done, Exception):
            raise done

    async def _measure(self) -> None:
        async with session(self.database, "gatewright-gauges") as connection:
            while self.gauges:
                self.gauges(await backlog(connection, self.errand.sink))
                if self.fare:
                    self.fare(await webhooking(connection))
                await asyncio.sleep(REFRESH)

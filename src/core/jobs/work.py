"""From due rows to workers."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NoReturn

from core.jobs.broker import QUEUE, Send, carrier, make_broker
from core.jobs.ferry import Ferry, NotTaken
from core.jobs.registry import Jobs
from core.jobs.runner import Runner
from core.postgres.direct import Connects, direct_pool
from core.postgres.jobs import Lease, SqlJobs
from core.retrying import forever

log = logging.getLogger(__name__)

WINDOW: Final = 200
"""How many attempts one dispatcher has under way. Bounded, so that none waits at the broker until its lease ends."""
ENDLESS: Final = "too many attempts began and none came to an end"
PACE: Final = 0.05
POLL: Final = 1.0


@dataclass(frozen=True, slots=True)
class JobWork:
    """Hand due jobs to Taskiq, and do those that arrive. May run in any number of processes.

    A row is removed only when its job was done, so neither a lost broker nor a killed worker loses one: the lease ends,
    and somebody claims it again. While RabbitMQ is away, and what recurs at any time, is done by who claimed it.
    """

    database: Connects
    jobs: Jobs
    rabbit: str | None = None
    redis: str | None = None
    queue: str = QUEUE
    """At RabbitMQ. Another one where two deployments share a virtual host."""
    _woken: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def wake(self) -> None:
        """Look for due jobs now: something was committed."""
        self._woken.set()

    async def run(self) -> NoReturn:
        """Work until cancelled, then let what has begun end, for a few seconds."""
        await forever("the work on jobs", self._serve)

    async def _serve(self) -> None:
        pool = await direct_pool(self.database, "gatewright-jobs", 4)
        try:
            rows = SqlJobs(pool)
            runner = Runner(self.jobs, rows)
            ferry = Ferry(self.rabbit, self.redis, self.queue, runner) if self.rabbit else None
            async with carrier(make_broker(), runner) as (here, receive), asyncio.TaskGroup() as group:
                group.create_task(receive())
                if ferry:
                    group.create_task(ferry.run())
                group.create_task(self._dispatch(rows, here, ferry))
        finally:
            pool.terminate()

    async def _dispatch(self, rows: SqlJobs, here: Send, ferry: Ferry | None) -> NoReturn:
        for job in self.jobs.values():
            if job.every:
                await rows.plan(job.only, job.name, job.every)
        # What recurs keeps the house: it waits for no room, however many mails are due before it.
        recurring = [job.name for job in self.jobs.values() if job.every]
        others = [name for name in self.jobs if name not in recurring]
        near, far = list[Lease](), list[Lease]()
        while True:
            self._woken.clear()
            if not (ferry and ferry.is_there):
                far = []  # these come back when their leases end; until then they take no room
            outstanding = await rows.outstanding(near + far)
            near, far = ([lease for lease in leases if lease.id in outstanding] for leases in (near, far))
            room = WINDOW - len(near) - len(far)
            claimed = await rows.claim(recurring, len(recurring))
            claimed += await rows.claim(others, room) if room > 0 else []
            kept, sent = self._shared(claimed, away=ferry is not None and ferry.is_there)
            await self._send(rows, here, kept)
            if ferry and sent:
                with suppress(NotTaken):
                    await self._send(rows, ferry.send, sent)
            near += kept
            far += sent
            if not claimed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await self._woken.wait()
            await asyncio.sleep(PACE)

    def _shared(self, claimed: Sequence[Lease], *, away: bool) -> tuple[list[Lease], list[Lease]]:
        """Return what is done here, and what goes `away` if that is possible."""
        kept, sent = list[Lease](), list[Lease]()
        for lease in claimed:
            (sent if away and not self.jobs[lease.name].every else kept).append(lease)
        return kept, sent

    async def _send(self, rows: SqlJobs, send: Send, claimed: Sequence[Lease]) -> None:
        """Hand on what was claimed; what the broker does not take is due again at once, and counts for nothing."""
        left = list(claimed)
        try:
            while left:
                job = self.jobs[left[0].name]
                if left[0].attempt > job.attempts and not job.every:
                    await rows.failed(left[0].id, left[0].attempt, ENDLESS, timedelta(), park=True)
                    log.error("job %s (%s) is parked: %s", left[0].id, left[0].name, ENDLESS)
                else:
                    await send(left[0])
                del left[0]
        finally:
            if left:
                await asyncio.shield(rows.returned(left))

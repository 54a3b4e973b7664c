"""One session of the relay: the slots it owns, what is under way, and how far each slot is confirmed."""

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from aio_pika.abc import AbstractExchange

from core.cloudevents import COLUMNS
from core.postgres.log import LOG
from core.postgres.loss import POSTGRES_LOST
from core.postgres.sequencer import SLOTS
from core.rabbit.errand import Errand, Progress
from core.rabbit.publishing import ChannelLost, NotSent, Returned, Unsendable, publish

log = logging.getLogger(__name__)

BATCH: Final = 250
FAULTS: Final = 3
"""How often the broker may close the channel over one event before that event is parked."""
RETURNS: Final = 10
"""How often the broker may return an event before it counts as delivered to nobody."""

# One statement, hence one snapshot: what it does not return, up to the head, is in other slots.
READ: Final = f"""
SELECT h.position AS head, e.* FROM log_head h LEFT JOIN LATERAL (
    SELECT {COLUMNS} FROM events WHERE position > $1 AND slot = ANY ($2::smallint[]) ORDER BY position LIMIT $3
) e ON true ORDER BY e.position
"""  # noqa: S608 - made of constants
START: Final = """
INSERT INTO delivery_cursors (sink, slot) SELECT $1, generate_series(0, $2 - 1) ON CONFLICT DO NOTHING
"""
RELAYS: Final = """
SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()
"""
TAKE: Final = "SELECT pg_try_advisory_lock(hashtext($1), $2)"
GIVE_UP: Final = "SELECT pg_advisory_unlock(hashtext($1), $2)"
CURSORS: Final = "SELECT slot, position FROM delivery_cursors WHERE sink = $1 AND slot = ANY ($2::smallint[])"
CURSOR: Final = "SELECT position FROM delivery_cursors WHERE sink = $1 AND slot = $2"
ADVANCE: Final = """
UPDATE delivery_cursors c SET position = n.after
FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS n(slot, before, after)
WHERE c.sink = $1 AND c.slot = n.slot AND c.position = n.before
"""
PARK: Final = "INSERT INTO parked_events (sink, position, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"

Task = asyncio.Task[None]
Row = Mapping[str, Any]


@dataclass(slots=True)
class Delivery:
    """Read, publish, move cursors. Aggregates go side by side; the events of one go in turn."""

    errand: Errand
    progress: Progress
    connection: Any
    exchange: AbstractExchange
    group: asyncio.TaskGroup
    read: dict[int, int] = field(default_factory=dict)
    """By slot: every event up to here is under way or confirmed."""
    stored: dict[int, int] = field(default_factory=dict)
    """By slot: the cursor as the table has it."""
    under_way: dict[int, deque[tuple[int, Task | None]]] = field(default_factory=dict)
    last: dict[UUID, Task] = field(default_factory=dict)
    """By aggregate: its latest publish."""
    parked: dict[int, str] = field(default_factory=dict)
    """By position: why it cannot be sent; written down before the cursor passes it."""

    async def run(self) -> None:
        """Deliver until something is lost; then first let what is under way be confirmed, so as not to repeat it."""
        try:
            await self._deliver()
        except POSTGRES_LOST:
            await self._settle(self.errand.patience)
            raise
        except asyncio.CancelledError:
            with suppress(Exception):
                await self._settle(self.errand.leave)
                async with asyncio.timeout(1):
                    await self._leave()
            raise

    async def _settle(self, seconds: float) -> None:
        if tasks := [task for queue in self.under_way.values() for _, task in queue if task]:
            await asyncio.wait(tasks, timeout=seconds)

    async def _deliver(self) -> None:
        """Look for slots to take or to give up twice a second, and store cursors ten times."""
        woken, clock = asyncio.Event(), asyncio.get_running_loop().time
        await self.connection.add_listener(LOG, lambda *_: woken.set())
        self.connection.add_termination_listener(lambda _: woken.set())
        await self.connection.execute(START, self.errand.sink, SLOTS)
        shared = stored = 0.0
        limit, careful = self._limit(), self.progress.careful
        while True:
            if careful and not self.progress.careful:
                limit, careful = self._limit(), 0
            if clock() > shared + 0.5:
                await self._share()
                shared = clock()
            if clock() > stored + 0.1:
                await self._store()
                stored = clock()
            woken.clear()
            if sum(map(len, self.under_way.values())) > BATCH:
                await asyncio.sleep(0.01)
            elif not await self._read(limit):
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await woken.wait()

    def _limit(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(1 if self.progress.careful else self.errand.in_flight)

    async def _share(self) -> None:
        """Hold a fair share of the slots: give up what is too much, take what is free."""
        relays = await self.connection.fetchval(RELAYS, self.errand.name)
        share = math.ceil(SLOTS / max(relays, 1))
        for slot in list(self.read)[share:]:
            await asyncio.gather(*(task for _, task in self.under_way[slot] if task))
            await self._store()  # nothing of the slot is under way now, and its cursor says so
            for kept in (self.read, self.stored, self.under_way):
                del kept[slot]
            await self.connection.execute(GIVE_UP, self.errand.name, slot)
        for slot in set(range(SLOTS)) - self.read.keys():
            if len(self.read) < share and await self.connection.fetchval(TAKE, self.errand.name, slot):
                cursor = await self.connection.fetchval(CURSOR, self.errand.sink, slot)
                self.read[slot] = self.stored[slot] = cursor
                self.under_way[slot] = deque()
        passed = min(self.stored.values(), default=0)
        self.progress.ahead = {position for position in self.progress.ahead if position > passed}

    async def _read(self, limit: asyncio.Semaphore) -> bool:
        """Start publishing the next events of the slots held; say whether there may be more."""
        if not self.read:
            return False
        rows = await self.connection.fetch(READ, min(self.read.values()), list(self.read), BATCH)
        for row in rows:
            slot, position, aggregate = row["slot"], row["position"], row["aggregate_id"]
            if position is None or position <= self.read[slot]:
                continue
            task = None
            if position not in self.progress.ahead:
                task = self._start(self._publish(row, self.last.get(aggregate), limit))
                self.last[aggregate] = task
            self.under_way[slot].append((position, task))
        more = len(rows) == BATCH
        reached = rows[-1]["position"] if more else rows[-1]["head"]
        self.read = {slot: max(read, reached) for slot, read in self.read.items()}
        return more

    def _start(self, publishing: Coroutine[Any, Any, None]) -> Task:
        try:
            return self.group.create_task(publishing)
        except RuntimeError:  # another publish has just failed, and the session is ending
            publishing.close()
            raise

    async def _publish(self, row: Row, before: Task | None, limit: asyncio.Semaphore) -> None:
        """Publish one event after `before`, the one before it of its aggregate."""
        if before:
            await asyncio.wait([before])
            if not sent(before):
                raise NotSent("the one before it was not sent")
        async with limit:
            await self._send(row)
        if self.last.get(row["aggregate_id"]) is asyncio.current_task():
            del self.last[row["aggregate_id"]]

    async def _send(self, row: Row) -> None:
        position = row["position"]
        if self.progress.faults[position] >= FAULTS:
            self._give_up(position, f"the broker closed the channel over it {FAULTS} times")
            return
        try:
            await publish(self.exchange, row, self.errand.source, self.errand.patience, self.errand.people)
        except ChannelLost:
            if self.progress.careful:
                self.progress.faults[position] += 1
            raise
        except Returned as error:
            # The next session declares the alternate exchange again, so this passes: a broker that has just started may
            # not know its queues yet. If it does not pass, to try for ever would hold up the slot; the event stays in
            # the log, from which a late subscriber starts anyway.
            self.progress.returns[position] += 1
            if self.progress.returns[position] < RETURNS:
                raise
            log.error("nobody can receive event %s: %s", row["id"], error)  # noqa: TRY400 - no defect of ours
        except Unsendable as error:
            self._give_up(position, str(error))
            return
        self.progress.confirm(position)
        self.errand.meter.confirmed(1)
        self.errand.meter.lag(time.time() - row["occurred_at"].timestamp())

    def _give_up(self, position: int, reason: str) -> None:
        self.parked[position] = reason
        self.progress.confirm(position)

    async def _store(self) -> None:
        """Move each cursor to the last position before which everything is confirmed."""
        await self._park()
        moved: dict[int, int] = {}
        passed: list[int] = []
        for slot, queue in self.under_way.items():
            after = self.stored[slot]
            while queue and sent(queue[0][1]):
                after = queue.popleft()[0]
                passed.append(after)
            # A slot with nothing under way has come as far as was read: a quiet one does not stay behind for ever.
            after = after if queue else max(after, self.read[slot])
            if after > self.stored[slot]:
                moved[slot] = after
        if not moved:
            return
        before = [self.stored[slot] for slot in moved]
        done = await self.connection.execute(ADVANCE, self.errand.sink, list(moved), before, list(moved.values()))
        if done != f"UPDATE {len(moved)}":
            raise NotSent("another relay owns a slot of this one")
        self.stored.update(moved)
        self.progress.ahead.difference_update(passed)

    async def _leave(self) -> None:
        """Store the cursors once more; the statement that was cut off may or may not have moved them."""
        rows = await self.connection.fetch(CURSORS, self.errand.sink, list(self.stored))
        self.stored = {row["slot"]: row["position"] for row in rows}
        await self._store()

    async def _park(self) -> None:
        for position, reason in list(self.parked.items()):
            await self.connection.execute(PARK, self.errand.sink, position, reason)
            log.error("event %s is parked, and the next ones go on: %s", position, reason)
            del self.parked[position]


def sent(task: Task | None) -> bool:
    """Return whether the broker confirmed; a failed publish is done too, for one turn of the loop."""
    return task is None or (task.done() and not task.cancelled() and task.exception() is None)

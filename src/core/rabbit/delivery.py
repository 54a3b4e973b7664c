"""One session of the relay: the slots it owns, what is under way, and how far each slot is confirmed."""

import asyncio
import logging
import math
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from core.cloudevents import COLUMNS
from core.postgres.log import LOG
from core.postgres.loss import POSTGRES_LOST
from core.postgres.sequencer import SLOTS
from core.rabbit.errand import Errand, Mark, Progress, mark
from core.rabbit.publishing import NotSent
from core.rabbit.window import Window

log = logging.getLogger(__name__)

BATCH: Final = 500
"""Events read at a time."""

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
# A cursor that a crash of Postgres sets back repeats events, with the same ids: no reason to wait for its disk.
UNHURRIED: Final = "SET synchronous_commit = off"
# A relay asks something every tenth of a second; where its host is gone, nobody else would end its session.
SHORT_LIVED: Final = "SET idle_session_timeout = '10s'"
PARK: Final = """
INSERT INTO parked_events (sink, position, reason) SELECT $1, * FROM unnest($2::bigint[], $3::text[])
ON CONFLICT DO NOTHING
"""


@dataclass(slots=True)
class Delivery:
    """Read, have it published, move cursors."""

    errand: Errand
    progress: Progress
    connection: Any
    window: Window
    read: dict[int, int] = field(default_factory=dict)
    """By slot: every event up to here is under way or confirmed."""
    stored: dict[int, int] = field(default_factory=dict)
    """By slot: the cursor as the table has it."""
    under_way: dict[int, deque[Mark]] = field(default_factory=dict)
    """By slot: the events read, of which those in `progress.ahead` are confirmed."""

    async def run(self) -> None:
        """Deliver until something is lost; then first let what is under way be confirmed, so as not to repeat it."""
        try:
            await self._deliver()
        except POSTGRES_LOST:
            await self.window.settle(self.errand.patience)
            raise
        except (asyncio.CancelledError, NotSent):
            with suppress(Exception):
                await self.window.settle(self.errand.leave)
                async with asyncio.timeout(1):
                    await self._leave()
            raise
        finally:
            self.progress.take_back(self.window.parked)

    async def _deliver(self) -> None:
        """Look for slots to take or to give up twice a second, and store cursors ten times."""
        look, clock = self.window.look, asyncio.get_running_loop().time
        await self.connection.add_listener(LOG, lambda *_: look.set())
        self.connection.add_termination_listener(lambda _: look.set())
        await self.connection.execute(UNHURRIED)
        await self.connection.execute(SHORT_LIVED)
        await self.connection.execute(START, self.errand.sink, SLOTS)
        shared = stored = 0.0
        while True:
            await self.window.check()
            look.clear()
            full = self.window.is_full
            more = not full and await self._read()
            # Only now: what has just been numbered does not wait for this.
            if clock() > shared + 0.5:
                await self._share()
                shared = clock()
            if clock() > stored + 0.1:
                await self._store()
                stored = clock()
            if full:
                await self.window.moves(0.1)
            elif not more:
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await look.wait()

    async def _share(self) -> None:
        """Hold a fair share of the slots: give up what is too much, take what is free."""
        relays = await self.connection.fetchval(RELAYS, self.errand.name)
        share = math.ceil(SLOTS / max(relays, 1))
        for slot in list(self.read)[share:]:
            while not self.progress.ahead.issuperset(self.under_way[slot]):
                await self.window.check()
                await self.window.moves(0.1)
                await self.connection.execute(SHORT_LIVED)  # a session that waits for the broker is not idle
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
        self.progress.ahead = {each for each in self.progress.ahead if each[0] > passed}

    async def _read(self) -> bool:
        """Have the next events of the slots held published; say whether there may be more."""
        if not self.read:
            return False
        rows = await self.connection.fetch(READ, min(self.read.values()), list(self.read), BATCH)
        for row in rows:
            slot, position = row["slot"], row["position"]
            if position is None or position <= self.read[slot]:
                continue
            self.under_way[slot].append(mark(row))
            if mark(row) not in self.progress.ahead:
                self.window.add(row)
        more = len(rows) == BATCH
        reached = rows[-1]["position"] if more else rows[-1]["head"]
        self.read = {slot: max(read, reached) for slot, read in self.read.items()}
        return more

    async def _store(self) -> None:
        """Move each cursor to the last position before which everything is confirmed."""
        await self._park()
        moved: dict[int, int] = {}
        passed: list[Mark] = []
        for slot, queue in self.under_way.items():
            after = self.stored[slot]
            while queue and queue[0] in self.progress.ahead:
                passed.append(queue.popleft())
                after = passed[-1][0]
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
        # In one statement: where a queue refuses, there are many, and the others wait for this.
        if parked := dict(self.window.parked):
            await self.connection.execute(PARK, self.errand.sink, list(parked), list(parked.values()))
        for position, reason in parked.items():
            log.error("event %s is parked, and the next ones go on: %s", position, reason)
            del self.window.parked[position]

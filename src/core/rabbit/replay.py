"""From the log to one queue, again: for a service whose queue was lost, or that handled wrongly what was in it."""

import asyncio
import logging
import random
import sys
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelClosed, ChannelNotFoundEntity

from core.personal import PersonalKeys
from core.postgres.direct import Connects, session
from core.postgres.log import rows_of
from core.rabbit.delivery import BATCH
from core.rabbit.errand import Errand, Mark, Progress, mark
from core.rabbit.frames import LONGEST
from core.rabbit.publishing import Line, NotSent
from core.rabbit.topology import PATIENCE, publishing
from core.rabbit.window import Window
from core.retrying import end_if_cancelled, summary
from domain.events.reading import Course
from domain.events.schemas import FeedCursor

log = logging.getLogger(__name__)

LEAST: Final = 0.2
MOST: Final = 5.0
"""Seconds between two attempts."""
UNSENDABLE: Final = 100
"""How many events may be passed over. More of them have a cause that can be mended: another secret, mostly."""


class QueueRefused(Exception):
    """There is no such queue, or nothing may be put into it; the text says which."""


class Stopped(Exception):
    """It cannot go on; the text says why."""

    def __init__(self, why: str, cursor: FeedCursor) -> None:
        super().__init__(why)
        self.cursor = cursor
        """Behind which to begin when that is mended."""


async def check_queue(url: str, queue: str) -> None:
    """Raise `QueueRefused` if events cannot be sent to `queue`, and `OSError` and the like if nobody can be asked."""
    async with publishing(url) as channel:
        await _declared(channel, queue)


@dataclass(slots=True)
class Replay:
    """Publish a course of the log to `queue` through the default exchange: nobody else hears of it.

    Each event at least once, in order for each aggregate, repeated only with the same id, as the relay does it: with
    its window, and nothing of its cursors.
    """

    database: Connects
    amqp: str
    queue: str
    course: Course
    source: str = "/auth"
    """The `source` of every event, as the relay has it."""
    people: PersonalKeys = field(default_factory=PersonalKeys)
    """What opens the personal data of events."""
    patience: float = 120
    """Seconds without any progress after which it gives up."""
    sent: int = 0
    """How many events up to the cursor were confirmed."""
    first: int | None = None
    last: int | None = None
    """The positions of the first and the last of them."""
    unsendable: dict[int, str] = field(default_factory=dict)
    """By position: what was passed over, and why it can never be sent."""
    _after: int = field(init=False)
    _read: int = field(default=0, init=False)
    """Up to here events are under way or confirmed."""
    _under_way: deque[Mark] = field(default_factory=deque, init=False)
    _progress: Progress = field(default_factory=Progress, init=False)
    _moved: float = field(default=0, init=False)
    """When there was progress, by the clock of the loop."""
    _begun: bool = field(default=False, init=False)
    """The queue was there."""
    _ended: Stopped | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._after = self.course.start.position

    @property
    def cursor(self) -> FeedCursor:
        """Behind which to go on: up to here everything was confirmed."""
        return FeedCursor(self.course.start.log, self._after)

    async def run(self) -> None:
        """Publish it all, however often Postgres or the broker goes away meanwhile.

        Raise `Stopped`, also when there was no progress for `patience` seconds, and `QueueRefused`. Cancelled, it waits
        for what is under way; the cursor says how far it came.
        """
        clock = asyncio.get_running_loop().time
        self._moved, wait = clock(), LEAST
        while not self._is_done():
            moved, why = self._moved, "the broker went away"
            try:
                await self._serve()
            except QueueRefused as error:
                if not self._begun:
                    raise
                # One of the same name would lack what was sent until now.
                raise Stopped(f"{error} any more, and what was sent is gone with it", self.course.start) from error
            except Exception as error:
                why = summary(error)
                log.debug("the replay failed", exc_info=True)
            except asyncio.CancelledError:
                pass  # aio-pika cancels what waits for a broker that is lost
            end_if_cancelled()
            if self._ended:
                raise self._ended
            if self._is_done():
                return
            if clock() - self._moved > self.patience:
                raise Stopped(f"nothing was confirmed for {self.patience:g} seconds: {why}", self.cursor)
            log.warning("the replay starts again after position %s: %s", self._after, why)
            wait = LEAST if self._moved > moved else min(wait * 2, MOST)
            await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - spreads load, keeps no secret

    async def _serve(self) -> None:
        async with (
            session(self.database, "gatewright-replay") as connection,
            publishing(self.amqp) as channel,
        ):
            await _declared(channel, self.queue)
            self._begun = True
            errand = Errand(
                source=self.source,
                people=self.people,
                returns=sys.maxsize,
                refusals=sys.maxsize,
                passes=True,
                leave=5,
            )
            line = await Line.of(channel.default_exchange, self.source, self.people, self.queue)
            async with asyncio.TaskGroup() as group:
                window = Window(errand, self._progress, line)
                sending = group.create_task(window.run())
                try:
                    await self._send(connection, window)
                finally:
                    await window.settle(errand.leave)
                    self._pass(window)
                    sending.cancel()

    async def _send(self, connection: Any, window: Window) -> None:
        clock = asyncio.get_running_loop().time
        self._read = self._after
        self._under_way.clear()
        while not self._is_done() and not self._ended:
            await window.check()
            self._pass(window)
            if clock() - self._moved > self.patience:
                raise NotSent("the broker takes nothing")
            if self._read < self.course.end and window.waiting <= BATCH:
                await self._add(connection, window)
            elif self._under_way:
                await window.moves(0.1)

    async def _add(self, connection: Any, window: Window) -> None:
        """Have the next events published."""
        part = await rows_of(connection, self._read, BATCH, self.course.wanted)
        if part.log != self.course.start.log:
            self._ended = Stopped("the log was replaced meanwhile, by a backup of it", self.cursor)
        elif part.first > self._read + 1:
            why = f"what follows position {self._read} was archived meanwhile: see `gatewright archive list events`"
            self._ended = Stopped(why, self.cursor)
        if self._ended:
            return
        for row in part.rows:
            position = row["position"]
            if position > self.course.end:
                break
            self._under_way.append(mark(row))
            if mark(row) not in self._progress.ahead:
                window.add(row)
        self._read = min(part.last, self.course.end)

    def _pass(self, window: Window) -> None:
        """Move the cursor to where everything before is confirmed."""
        self.unsendable |= window.parked
        window.parked.clear()
        if len(self.unsendable) >= UNSENDABLE:
            first, why = min(self.unsendable.items())
            said = f"{len(self.unsendable)} events cannot be sent, the first at position {first}: {why}"
            self._ended = Stopped(said, FeedCursor(self.cursor.log, first - 1))
        ahead, before = self._progress.ahead, self._after
        while self._under_way and self._under_way[0] in ahead:
            ahead.discard(passed := self._under_way.popleft())
            position = passed[0]
            if position not in self.unsendable:
                self.sent, self.last = self.sent + 1, position
                self.first = self.first or position
        self._after = max(before, self._under_way[0][0] - 1 if self._under_way else self._read)
        if self._after > before:
            self._moved = asyncio.get_running_loop().time()

    def _is_done(self) -> bool:
        return self._after >= self.course.end


async def _declared(channel: AbstractChannel, queue: str) -> None:
    """Raise `QueueRefused` unless the broker knows the queue."""
    if not 0 < len(queue.encode()) <= LONGEST:
        raise QueueRefused(f"the name of a queue has 1 to {LONGEST} bytes")
    try:
        await channel.declare_queue(queue, passive=True, timeout=PATIENCE)
    except ChannelNotFoundEntity as error:
        if "no queue" not in str(error):
            raise  # it is there, but not where it can be reached: its node is down
        raise QueueRefused(f"there is no queue {queue}") from error
    except ChannelClosed as error:
        raise QueueRefused(f"the broker refuses the queue {queue}: {error}") from error

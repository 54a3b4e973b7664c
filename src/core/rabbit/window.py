"""What is under way: aggregates side by side, the events of one in turn."""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Final
from uuid import UUID

from opentelemetry.trace import SpanKind

from core.personal import Unopened
from core.rabbit.errand import Errand, Progress, Row
from core.rabbit.frames import Unsendable
from core.rabbit.publishing import ChannelLost, Line, Note, NotSent, Refused, Returned
from core.telemetry import begun, carries_sample

log = logging.getLogger(__name__)

FAULTS: Final = 3
"""How often the broker may close the channel over one event before that event is parked."""
ABOUT: Final = {"messaging.system": "rabbitmq", "messaging.operation.type": "send"}
"""What the semantic conventions of OpenTelemetry say of a span that publishes."""

AGAIN: Final = 0.25
LONGEST: Final = 4.0
"""Seconds until what a queue refused is sent again: four times as many after each time."""
MOST: Final = 20_000
"""Events kept in memory, most of them behind others of their aggregate."""


@dataclass(slots=True)
class Window:
    """Hands events to the broker as there is room, and hears what became of them. `run` it while events are added.

    An event waits until the one before it of its aggregate was confirmed: were both under way, the broker could refuse
    the first and keep the second.
    """

    errand: Errand
    progress: Progress
    line: Line
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever something was confirmed or went wrong."""
    look: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something went wrong; whoever adds events waits for it, and for more of them."""
    waiting: int = 0
    """How many events were added and neither confirmed nor given up."""
    wrong: NotSent | None = None
    """What ended it; nothing is sent any more."""
    deaf: bool = False
    """Nothing more will be heard of what is at the broker."""
    at_broker: dict[int, Note] = field(default_factory=dict)
    """By position, in the order in which they were handed over."""
    parked: dict[int, str] = field(default_factory=dict)
    """By position: why it cannot be sent; written down before the cursor passes it."""
    _ready: deque[Row] = field(default_factory=deque)
    _behind: dict[UUID, deque[Row]] = field(default_factory=dict)
    """By aggregate of which one event is ready or at the broker: those after it."""
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.line.watch(self._lost)

    @property
    def is_full(self) -> bool:
        """Whether more events would only wait: there is enough to send, or too much behind a few aggregates."""
        return len(self._ready) + len(self.at_broker) >= self.errand.in_flight or self.waiting >= MOST

    def add(self, row: Row) -> None:
        """Send an event when it is its turn."""
        self.waiting += 1
        if (waiting := self._behind.get(row["aggregate_id"])) is not None:
            waiting.append(row)
            return
        self._behind[row["aggregate_id"]] = deque()
        self._ready.append(row)
        self._wanted.set()

    async def run(self) -> None:
        """Send until something goes wrong."""
        while not self.wrong:
            await self._wanted.wait()
            self._wanted.clear()
            await self.send()

    async def send(self) -> None:
        """Send what it is the turn of and there is room for."""
        while notes := self._next():
            try:
                await self.line.send(notes)
            except NotSent as error:
                self._fail(error)

    async def check(self) -> None:
        """Raise what went wrong, or `NotSent` if the broker does not answer; one that is full may take its time."""
        if self.wrong:
            raise self.wrong
        if self._is_late() and not await self.line.is_blocked():
            raise NotSent("the broker does not confirm")

    async def settle(self, seconds: float) -> None:
        """Send nothing more, and wait so long for what is at the broker."""
        self.wrong = self.wrong or NotSent("the relay stops")
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.at_broker and not self.deaf:
                    await self.moves(seconds)

    async def moves(self, seconds: float) -> None:
        """Return when something was confirmed or went wrong, or after so long."""
        self.changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.changed.wait()

    def _is_late(self) -> bool:
        oldest = next(iter(self.at_broker.values()), None)
        return oldest is not None and asyncio.get_running_loop().time() - oldest.at > self.errand.patience

    def _next(self) -> list[Note]:
        """Take what there is room for."""
        if self.wrong:
            return []
        most = 1 if self.progress.careful else self.errand.in_flight
        notes = []
        while self._ready and len(self.at_broker) < most:
            row = self._ready.popleft()
            if self.progress.faults[row["id"]] >= FAULTS:
                self._give_up(row, f"the broker closed the channel over it {FAULTS} times")
                continue
            try:
                note = self._note(row)
            except Unsendable as error:
                self._give_up(row, str(error))
                continue
            except Unopened as error:
                if self.errand.passes:
                    self._give_up(row, str(error))
                    continue
                # All that was sealed under the same secret is like it: parked, it would be with nobody, one by one.
                log.error("event %s cannot be opened, is a previous master secret missing? %s", row["id"], error)  # noqa: TRY400
                self._fail(NotSent(f"the event at position {row['position']} cannot be opened: {error}"))
                break
            self.at_broker[row["position"]] = note
            notes.append(note)
        return notes

    def _note(self, row: Row) -> Note:
        if not carries_sample(row["trace"]):
            # Nearly all of them: spans that nobody keeps would cost as much as the message does.
            return Note(row, self.line.framing.event(row), self._heard)
        end, traceparent = begun(row["trace"], f"publish {row['type']}", SpanKind.PRODUCER, **ABOUT)
        return Note(row, self.line.framing.event(row, traceparent), self._heard, ended=end)

    def _heard(self, note: Note, wrong: NotSent | None) -> None:
        self.at_broker.pop(note.row["position"], None)
        self.line.forget(note)
        if isinstance(wrong, Refused):
            self._refused(note.row)
            return
        if isinstance(wrong, Returned):
            # The next session declares the alternate exchange again, so this passes: a broker that has just started may
            # not know its queues yet. If it does not pass, to try for ever would hold up the slot; the event stays in
            # the log, from which a late subscriber starts anyway.
            self.progress.returns[note.row["id"]] += 1
            if self.progress.returns[note.row["id"]] < self.errand.returns:
                self._fail(wrong)
                return
            log.error("nobody can receive event %s: %s", note.row["id"], wrong)
        elif wrong:
            self._fail(wrong)
            return
        self._settled(note.row)
        self.errand.meter.confirmed(note.row)

    def _refused(self, row: Row) -> None:
        """Send it again in a while; meanwhile only what comes after it of its aggregate waits."""
        self.progress.refusals[row["id"]] += 1
        times = self.progress.refusals[row["id"]]
        if times >= self.errand.refusals:
            self._give_up(row, f"a queue that it goes to refused it {times} times")
            return
        asyncio.get_running_loop().call_later(min(AGAIN * 4 ** min(times - 1, 9), LONGEST), self._again, row)
        self.changed.set()

    def _again(self, row: Row) -> None:
        self._ready.append(row)
        self._wanted.set()

    def _settled(self, row: Row) -> None:
        self.progress.confirm(row)
        self.waiting -= 1
        waiting = self._behind[row["aggregate_id"]]
        if waiting:
            self._ready.append(waiting.popleft())
        else:
            del self._behind[row["aggregate_id"]]
        self._wanted.set()
        self.changed.set()

    def _give_up(self, row: Row, reason: str) -> None:
        self.parked[row["position"]] = reason
        self._settled(row)

    def _fail(self, wrong: NotSent) -> None:
        self.wrong = self.wrong or wrong
        for event in (self._wanted, self.changed, self.look):
            event.set()

    def _lost(self, wrong: NotSent) -> None:
        if isinstance(wrong, ChannelLost):
            if self.progress.careful:
                for note in islice(self.at_broker.values(), 1):
                    self.progress.faults[note.row["id"]] += 1
            self.progress.suspect(len(self.at_broker))
        for note in self.at_broker.values():
            note.end()
        self.deaf = True
        self._fail(wrong)

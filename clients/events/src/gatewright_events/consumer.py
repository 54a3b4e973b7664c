"""Handle each event once, and those of one aggregate in order, however they arrive."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Generic, TypeVar
from uuid import UUID

from gatewright_events.events import Event, Malformed, happened, matches, read
from gatewright_events.forgetting import RECENT, is_forgotten, is_former, prune
from gatewright_events.inbox import ENDED, Inbox, Letter, Transaction
from gatewright_events.outcomes import Doubtful, Later, Order, Outcome
from gatewright_events.taking import Act, Body, Handler, Still, Take, Way

C = TypeVar("C")
ATTEMPTS: Final = 5
FATAL: Final = 5
"""How often what is noted before it is handled may end the process."""
PAUSE: Final = 0.05
"""Seconds between the first two attempts; then twice as many each time."""
ERASED: Final = "identity.user.erased"
log = logging.getLogger("gatewright_events")


class _Failed(Exception):
    """A handler failed."""


@dataclass(slots=True)
class Consumer(Generic[C]):
    """Hand events to `handler`, one at a time."""

    inbox: Inbox[C]
    handler: Handler[C]
    patterns: tuple[str, ...] = ("#",)
    """The types it wants."""
    order: Order = Order.COMPLETE
    patience: timedelta = timedelta(seconds=60)
    """How long an early event waits for those that should have preceded it."""
    room: int = 10_000
    """How many events may wait; a further one has all of them handled at once, gaps or not."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    replays: int = field(default=0, init=False)
    """How often all was forgotten to be read again."""
    _deadly: str | None = field(default=None, init=False)
    """The event that the handler is not given any more."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def take(
        self,
        body: Body,
        *,
        in_order: bool = False,
        still: Still[C] | None = None,
        noted: bool = False,
        doubted: bool = False,
    ) -> Outcome:
        """Handle the event in `body`; raise only `Later`, and what the store raises: then it was not taken.

        With `in_order` it comes from the feed, where nothing precedes it that could still come. `still` is called in
        each transaction before anything is kept; what it raises is raised, and the event was not taken. With `noted`
        that it is begun is written down before, so that it is buried once it has ended the process five times: for who
        gives the event again then, as no broker does that counts. With `doubted` raise `Doubtful` for one that comes
        too late.
        """
        async with self._turn:
            outcome = await self._take(body, Way(in_order, still, noted, doubted))
            crowded = outcome is Outcome.HELD and await self._waiting() > self.room
        if crowded:
            await self.release(timedelta(0))
        return outcome

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Take]:
        """Handle nothing meanwhile but what the function that this yields is given, in the order of the feed."""
        async with self._turn:
            yield partial(self._take, way=Way(in_order=True))

    async def late(self, patience: timedelta | None = None) -> bool:
        """Tell whether an event has waited for so long, or for longer than it should."""
        async with self._turn, self.inbox.transaction() as open_:
            return bool(await open_.overdue(self._since(patience)))

    async def release(self, patience: timedelta | None = None) -> int:
        """Handle what has waited too long, although something is missing before it; return of how many aggregates."""
        async with self._turn:
            async with self.inbox.transaction() as open_:
                late = await open_.overdue(self._since(patience))
            for aggregate_id in late:
                log.warning("events of %s are missing; goes on without them", aggregate_id)
                await self._next(aggregate_id, gap=True)
                await self._drain(aggregate_id)
            return len(late)

    async def revive(self, letter_id: str) -> bool:
        """Handle a dead letter once more, whatever was handled since; return whether there is such a letter.

        It is buried again when that fails, and raises `Malformed` when it is no event at all.
        """
        async with self._turn:
            async with self.inbox.transaction() as open_:
                letter = await open_.unbury(letter_id)
                if letter is None:
                    return False
                event = read(letter.body)
                await open_.bury(letter)

            async def again(open_: Transaction[C]) -> Outcome:
                await open_.unbury(letter_id)
                return await self._handle(event, open_)

            await self._settle(event, again)
            return True

    async def prune(self, age: timedelta) -> int:
        """Forget the ids of events that happened longer ago, at least a week; return of how many.

        An event of before that does not come next then counts as a repetition, though it was never seen. What happened
        no longer before the last event stays, too: so a clock that is ahead forgets nothing too early.
        """
        if age < RECENT:
            raise ValueError(f"what is younger than {RECENT.days} days may well come again")
        async with self.inbox.transaction() as open_:
            return await prune(open_, age, self.now())

    async def letters(self, limit: int = 100) -> list[Letter]:
        """Return what could not be handled, the oldest first."""
        async with self.inbox.transaction() as open_:
            return list(await open_.letters(limit))

    async def replay(self, after: str | None, reset: Callable[[C], Awaitable[None]]) -> None:
        """Have the feed read again from a cursor, or from the beginning; `reset` undoes what was made of the events.

        Both happen in one transaction, or neither does.
        """
        async with self._turn, self.inbox.transaction() as open_:
            self.replays += 1
            await reset(open_.connection)
            await open_.forget()
            await open_.move(after)

    async def _take(self, body: Body, way: Way[C]) -> Outcome:
        try:
            event = read(body)
        except Malformed as malformed:
            await self._bury(Letter.of_no_event(body, str(malformed), self.now()))
            return Outcome.BURIED
        if not matches(self.patterns, event.type):
            return Outcome.UNWANTED
        act = partial(self._apply, event, way)
        if way.noted:
            async with self.inbox.transaction() as open_:
                await open_.version(event.aggregate_id)
                begun = await open_.begin(event.id, self.now())
            outcome = await self._finish(event, begun, act, way.still)
        else:
            outcome = await self._settle(event, act, way.still)
        if outcome in {Outcome.HANDLED, Outcome.BURIED}:
            await self._drain(event.aggregate_id)
        return outcome

    async def _apply(self, event: Event, way: Way[C], open_: Transaction[C]) -> Outcome:
        known = await open_.version(event.aggregate_id)
        if way.still:  # after that, as whoever forgets the versions of a log holds it up
            await way.still(open_)
        # An erasure whose version is known comes from another log: a backup was restored, and it is announced anew.
        old = event.aggregate_version <= known and event.type != ERASED
        if old and event.aggregate_version <= await open_.loaded(event.aggregate_id):
            return Outcome.REPEATED  # what was copied tells of it
        if not await open_.remember(event.id, self._time_of(event)):
            # Perhaps it is held: the feed says now that nothing precedes it.
            held = await open_.held(event.aggregate_id, event.aggregate_version) if way.in_order else None
            return await self._advance(held, open_) if held else await self._pass(event, known, way, open_)
        if old:
            return await self._outdated(event, known, way, open_)
        if way.in_order and event.type != ERASED and await is_former(event, open_):
            return await self._pass(event, known, way, open_)
        if self.order is Order.COMPLETE and not way.in_order and event.aggregate_version > known + 1:
            await open_.hold(event, self.now())
            return Outcome.HELD
        return await self._advance(event, open_)

    async def _pass(self, event: Event, known: int, way: Way[C], open_: Transaction[C]) -> Outcome:
        """Pass over a repetition; it may be of a log of before, of which the versions are forgotten."""
        if way.in_order and event.aggregate_version > known:
            await open_.advance(event.aggregate_id, ENDED if event.type == ERASED else event.aggregate_version)
        return Outcome.REPEATED

    async def _outdated(self, event: Event, known: int, way: Way[C], open_: Transaction[C]) -> Outcome:
        if known == ENDED:
            return Outcome.OUTDATED
        if way.doubted:
            raise Doubtful
        if self.order is Order.RISING:
            return Outcome.OUTDATED
        if await is_forgotten(event, open_):
            return Outcome.REPEATED
        # Nobody has seen it, and it was not waited for any longer: people have to know.
        reason = f"it came late: version {known} of its aggregate was handled before version {event.aggregate_version}"
        await open_.bury(Letter(event.id, event.body, reason, 0, self.now()))
        return Outcome.BURIED

    async def _advance(self, event: Event, open_: Transaction[C]) -> Outcome:
        outcome = await self._handle(event, open_)
        if event.type != ERASED:
            await open_.advance(event.aggregate_id, event.aggregate_version)
        return outcome

    async def _handle(self, event: Event, open_: Transaction[C]) -> Outcome:
        if event.id == self._deadly:
            raise _Failed("the process ended while it was handled, again and again")
        try:
            await self.handler(event, open_.connection)
        except Later:
            raise
        except Exception as error:
            raise _Failed(f"{type(error).__name__}: {error}") from error
        if event.type == ERASED:
            await open_.purge(event.aggregate_id)  # what could not be handled may say who they were
            await open_.advance(event.aggregate_id, ENDED)  # and so may what comes late
        return Outcome.HANDLED

    async def _finish(self, event: Event, begun: int, act: Act[C], still: Still[C] | None = None) -> Outcome:
        """Settle an event that was noted as begun, and so often before; the note stays if that ends the process."""

        async def finishing(open_: Transaction[C]) -> Outcome:
            await open_.version(event.aggregate_id)  # first, as everywhere: others wait here, and not for each other
            await open_.finish(event.id)
            return await act(open_)

        self._deadly = event.id if begun >= FATAL else None
        try:
            return await self._settle(event, finishing, still)
        except (Exception, asyncio.CancelledError):
            with suppress(Exception):  # a store that is away is what raised before, too
                async with self.inbox.transaction() as open_:
                    await open_.finish(event.id)
            raise
        finally:
            self._deadly = None

    async def _settle(self, event: Event, act: Act[C], still: Still[C] | None = None) -> Outcome:
        """Do what is to be done with an event, several times if it fails, and bury it then."""
        for attempt in range(ATTEMPTS):
            try:
                async with self.inbox.transaction() as open_:
                    return await act(open_)
            except _Failed as failed:
                reason = str(failed)
                log.warning("attempt %d at %s failed: %s", attempt + 1, event.id, reason.partition(":")[0])
                if self._deadly or attempt + 1 == ATTEMPTS:
                    break
                await self.pause(PAUSE * 2**attempt)
        async with self.inbox.transaction() as open_:
            known = await open_.version(event.aggregate_id)
            if still:
                await still(open_)
            await open_.remember(event.id, self._time_of(event))
            await open_.finish(event.id)
            await open_.held(event.aggregate_id, event.aggregate_version)
            await open_.bury(Letter(event.id, event.body, reason, ATTEMPTS, self.now()))
            await open_.advance(event.aggregate_id, max(known, event.aggregate_version))
        return Outcome.BURIED

    async def _drain(self, aggregate_id: UUID) -> None:
        while await self._next(aggregate_id, gap=False):
            pass

    async def _next(self, aggregate_id: UUID, *, gap: bool) -> bool:
        """Handle the next event of an aggregate that is held, with `gap` whatever precedes it; tell if there is one."""
        async with self.inbox.transaction() as open_:
            known = await open_.version(aggregate_id)
            event = await open_.held(aggregate_id, None if gap else known + 1)
            if event is None:
                return False
            await open_.hold(event, self.now())
            begun = await open_.begin(event.id, self.now())

        async def act(open_: Transaction[C]) -> Outcome:
            if await open_.held(event.aggregate_id, event.aggregate_version) is None:
                return Outcome.REPEATED
            return await self._advance(event, open_)

        await self._finish(event, begun, act)
        return True

    def _time_of(self, event: Event) -> datetime:
        return happened(event) or self.now()

    def _since(self, patience: timedelta | None) -> datetime:
        return self.now() - (self.patience if patience is None else patience)

    async def _waiting(self) -> int:
        async with self.inbox.transaction() as open_:
            return await open_.waiting()

    async def _bury(self, letter: Letter) -> None:
        async with self.inbox.transaction() as open_:
            await open_.bury(letter)

"""Subscribe over HTTP: `GET /auth/events`, which answers as soon as there is something new."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import uniform
from typing import Any, Final, Generic, TypeVar

import httpx2

from gatewright_events.asking import OK, SECONDS, Answer, Credential, Gatewright, NoAnswer, Refused, parsed
from gatewright_events.consumer import Consumer
from gatewright_events.copying import Copier, Copy
from gatewright_events.events import spelt_out
from gatewright_events.forgetting import renew
from gatewright_events.inbox import Transaction
from gatewright_events.outcomes import Later, Outcome
from gatewright_events.taking import Still, Take

C = TypeVar("C")

GONE: Final = 410
INVALID: Final = (400, "request.cursor_invalid")
UNKNOWN: Final = 422
MOST_TYPES: Final = 50
"""How many types the feed can be asked for at once."""
EVERYTHING: Final = "*.*.*"
LEAST_PAUSE: Final = 0.5
MOST_PAUSE: Final = 30.0
"""Seconds between two attempts to reach a feed that does not answer."""
log = logging.getLogger("gatewright_events")


class _Moved(Exception):
    """The inbox has another place in the feed than the one that was asked from."""


@dataclass(slots=True)
class FeedSubscriber(Generic[C]):
    """Have a consumer take what the feed of a Gatewright says, from where it was."""

    consumer: Consumer[C]
    address: str
    """The base URL of Gatewright, without a slash at the end."""
    credential: Credential = field(repr=False)
    """It needs the permission `events:read`."""
    client: httpx2.AsyncClient = field(default_factory=httpx2.AsyncClient)
    limit: int = 100
    wait: int = 20
    """Seconds that the feed is asked to wait for something new, at most 30."""
    copies: Sequence[Copy[C]] = ()
    """What to begin with where the inbox has no place in the feed, or has one that is gone."""
    part: int = 1000
    """How many things are copied in one transaction."""
    _whole: bool = field(default=False, init=False)
    """Everything is read, for the feed does not know all types that are wanted."""

    @property
    def gatewright(self) -> Gatewright:
        """Whom it asks."""
        return Gatewright(self.address, self.credential, self.client)

    async def run(self) -> None:
        """Copy what is not copied yet, then follow the feed until cancelled; raise `Refused`.

        It asks ever less often while there is no answer, or nothing can be kept.
        """
        pause = LEAST_PAUSE
        while True:
            try:
                await self.take(self.wait)
                pause = LEAST_PAUSE
                continue
            except Refused:
                raise
            except (Later, NoAnswer) as error:
                log.warning("asks the feed again in about %g seconds: %s", pause, error)
            except Exception as error:
                log.exception("asks the feed again in about %g seconds: %s", pause, type(error).__name__)
            await asyncio.sleep(uniform(pause / 2, pause))  # noqa: S311 - nobody gains by guessing it
            pause = min(2 * pause, MOST_PAUSE)

    async def copy(self) -> int:
        """Copy what is not copied yet, from where that was stopped; return how many things. `take` does it, too.

        Raise `Refused`, `NoAnswer`, or what the store raises.
        """
        if not self.copies or await self.place() is not None:
            return 0
        return await Copier(self.gatewright, self.consumer.inbox, self.copies, self.part).run()

    async def catch_up(self) -> int:
        """Take everything up to the present end of the feed; return how many events were new."""
        new, more = 0, True
        while more:  # and not until a part is empty, which under load none is
            found, more = await self._next(0)
            new += found
        return new

    async def take(self, wait: int = 0) -> int | None:
        """Take the next part of the feed; return how many of its events were new, None if none was at its end.

        Raise `Refused`, `NoAnswer`, or what the consumer raises. The place is kept after all of the part was taken.
        """
        new, more = await self._next(wait)
        return new if new or more else None

    async def _next(self, wait: int) -> tuple[int, bool]:
        """Take the next part; return how many of its events were new, and whether the feed has more."""
        replays = self.consumer.replays
        await self.copy()
        part = await self._part(wait)
        if part is None:
            return 0, True
        new, cursor = 0, part["asked"]

        async def still(open_: Transaction[C]) -> None:
            # A replay may leave the place as it is, or as yet nowhere.
            if await open_.cursor() != cursor or self.consumer.replays != replays:
                raise _Moved

        try:
            async with self._begun(part) as before:
                for event in part["items"]:
                    # What was begun and not ended has an event in it that ended the process, perhaps.
                    outcome = await self.consumer.take(event, in_order=True, still=still, noted=before)
                    new += outcome in {Outcome.HANDLED, Outcome.BURIED}
                await self._move(part["next"], still)
        except _Moved:
            # A replay began elsewhere, or who shares the inbox was faster: what was answered follows no more.
            return new, True
        return new, bool(part.get("more"))

    @asynccontextmanager
    async def _begun(self, part: Mapping[str, Any]) -> AsyncIterator[bool]:
        """Note that a part is begun until the place is moved, or it is given up; tell whether it was before.

        Only what ends the process leaves the note: then nobody but the inbox counts.
        """
        if not part["items"]:
            yield False
            return
        name, inbox = _named(part["asked"]), self.consumer.inbox
        async with inbox.transaction() as open_:
            before = await open_.begin(name, self.consumer.now())
        try:
            yield before > 0
        except (Exception, asyncio.CancelledError):
            with suppress(Exception):  # a store that is away: then each event is noted next time, no more
                async with inbox.transaction() as open_:
                    await open_.finish(name)
            raise

    async def reach(self, cursor: str, take: Take) -> None:
        """Have `take` handle what precedes a cursor, and nothing beyond it; raise as `take` of this does."""
        log_id, end = place_of(cursor)
        while (mine := await self.place()) is None or place_of(mine)[0] != log_id or place_of(mine)[1] < end:
            part = await self._part(1)
            if part is None or place_of(part["next"])[0] != log_id:
                raise NoAnswer("the log was replaced, or has dropped what follows")
            wanted = [each for each in part["items"] if int(each["sequence"]) <= end]
            for event in wanted:
                await take(event)
            # Asked for some types only, it may have gone further than the cursor.
            beyond = len(wanted) < len(part["items"]) or place_of(part["next"])[1] > end
            await self._move(cursor if beyond else part["next"])

    async def place(self) -> str | None:
        """Return how far the feed was read, None if not at all."""
        async with self.consumer.inbox.transaction() as open_:
            return await open_.cursor()

    async def _move(self, cursor: str, still: Still[C] | None = None) -> None:
        async with self.consumer.inbox.transaction() as open_:
            noted = await open_.noted()  # whoever shares the inbox waits here, and finds another cursor then
            if still:
                await still(open_)
            before = await open_.cursor()
            # Another process may have begun to copy meanwhile: then the place is known at the end of that.
            if not self.copies or noted is None:
                await open_.move(cursor)
            await open_.finish(_named(before))

    async def _part(self, wait: int) -> dict[str, Any] | None:
        """Return what follows in the feed, None if it is to be asked again, or something is to be copied first."""
        cursor = await self.place()
        answer = await self._ask(cursor, wait)
        ends_before = (answer.status, answer.code) == INVALID
        if cursor and (answer.status == GONE or ends_before):
            # The log was restored from a backup, and perhaps ends before the place; or it dropped what is old.
            if self.copies:
                log.warning("the place in the feed is gone; copies from the beginning")
                await self._lose(cursor)
                return None
            # The inbox tells what is known already.
            log.warning("the place in the feed is gone; reads it from its beginning")
            answer = await self._ask(None, wait)
        part = parsed(answer.body)
        try:
            well = answer.status == OK and isinstance(part["items"], list) and isinstance(part["next"], str)
        except (KeyError, TypeError):
            well = False
        if not well:
            raise self.gatewright.spoilt(answer, "events")
        beginning = f"{_log_of(part['next'])}.0"
        if cursor and cursor != beginning and (ends_before or _log_of(cursor) != _log_of(beginning)):
            log.warning("the log was restored; what is known of it does not count any more")
            await self._renew(cursor, beginning)
            return None
        return {**part, "asked": cursor}

    async def _lose(self, cursor: str) -> None:
        async with self.consumer.inbox.transaction() as open_:
            await open_.noted()  # as above: it finds another cursor, or none
            if await open_.cursor() == cursor:
                await open_.forget()

    async def _renew(self, cursor: str, beginning: str) -> None:
        """Go to the beginning of a log that was restored, where versions that are known are given again."""
        async with self.consumer.inbox.transaction() as open_:
            await open_.noted()  # as above
            if await open_.cursor() == cursor:
                await renew(open_, self.consumer.now())
                await open_.move(beginning)
                await open_.finish(_named(cursor))

    async def _ask(self, cursor: str | None, wait: int) -> Answer:
        asked = [("limit", str(self.limit)), ("wait", str(wait)), *([("after", cursor)] if cursor else [])]
        types = [("type", each) for each in self._types()]
        answer = await self.gatewright.ask("/auth/events", [*asked, *types], wait + SECONDS)
        if answer.status == UNKNOWN and types:
            # A release that announces nothing of such a type, yet: nothing is missed by reading everything.
            answer = await self.gatewright.ask("/auth/events", asked, wait + SECONDS)
            if answer.status == OK:
                log.warning("the feed does not know some of the types that are wanted; reads all of it")
                self._whole = True
        return answer

    def _types(self) -> tuple[str, ...]:
        """Return what the feed is asked for, nothing for everything.

        What it leaves out is what the consumer would pass over without a trace. So it makes no gap that would not be
        there otherwise, and gaps stop nothing that comes from the feed: whatever is wanted came before.
        """
        types = spelt_out(self.consumer.patterns)
        return () if self._whole or EVERYTHING in types or len(types) > MOST_TYPES else types


def _named(cursor: str | None) -> str:
    """Return what the part behind a cursor is noted as."""
    return f"the feed behind {cursor}"


def _log_of(cursor: str) -> str:
    return cursor.rpartition(".")[0]


def place_of(cursor: str) -> tuple[str, int]:
    """Return the log of a cursor, and how many events precede it there."""
    log_id, _, position = cursor.rpartition(".")
    try:
        return log_id, int(position)
    except ValueError as error:
        raise NoAnswer("a cursor cannot be read") from error

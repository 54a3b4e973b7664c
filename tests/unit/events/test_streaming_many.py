"""Streams beside each other: what a busy log costs them, and what they do while a store is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import pytest

from core.discovery import load_use_cases
from domain.events.ports import EVERYTHING, Stretch, Wanted
from domain.events.queries import stream_feed
from domain.events.queries.stream_feed import StreamFeed, StreamFeedInteractor
from domain.events.reading import Readership
from domain.events.schemas import Feed, FeedEnd
from domain.kernel.access import Actor, Standing
from domain.kernel.errors import Forbidden, Unavailable
from domain.kernel.ids import SessionId, UserId, uuid7
from tests.support.builders.events import renamed
from tests.support.memory.events import AllSeeing, MemoryEventLog

load_use_cases()
ASKER = Actor(UserId(uuid7()), SessionId(uuid7()), None, 1)
Next = Callable[[], Awaitable[Feed | FeedEnd]]


@dataclass
class Counting(Standing):
    """Counts how often it was asked, and answers with `refusal` if there is one."""

    asked: int = 0
    refusal: Exception | None = None

    async def confirm(self) -> None:
        self.asked += 1
        if self.refusal:
            raise self.refusal


@dataclass
class Watched(MemoryEventLog):
    """Counts how often it was read, and cannot be while it is `away`."""

    reads: int = 0
    away: bool = False

    async def read(self, after: int, limit: int, wanted: Wanted = EVERYTHING) -> Stretch:
        self.reads += 1
        if self.away:
            raise Unavailable(0)
        return await super().read(after, limit, wanted)


@pytest.fixture
def log() -> Watched:
    return Watched()


@pytest.fixture
def standing() -> Counting:
    return Counting()


@asynccontextmanager
async def following(log: Watched, standing: Standing, *types: str) -> AsyncIterator[Next]:
    """Yield what returns the next part of a stream, the first of which was taken."""
    interactor = StreamFeedInteractor(log=log, readership=Readership(AllSeeing()))
    stream = await interactor(StreamFeed(type=types), ASKER, standing)
    async with aclosing(stream.parts) as parts:
        await anext(parts)
        yield lambda: asyncio.wait_for(anext(parts), 20)


def positions(part: Feed | FeedEnd) -> list[int]:
    assert isinstance(part, Feed), part
    return [int(event["sequence"]) for event in part.items]


async def test_the_reader_is_looked_at_before_anything_is_sent(
    log: Watched, standing: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_feed, "LOOK", 1000.0)
    monkeypatch.setattr(stream_feed, "HEARTBEAT", 0.0)
    async with following(log, standing, "teams.team.*") as next_:
        for _ in range(5):
            await log.append(renamed(uuid7(), 1))
            assert positions(await next_()) == []
        assert standing.asked == 0

        await log.append(renamed(uuid7(), 1, "teams.team.moved"))
        assert positions(await next_()) == [6]
        assert standing.asked == 1

        standing.refusal = Forbidden()
        await log.append(renamed(uuid7(), 1, "teams.team.moved"))
        assert await next_() == FeedEnd("access.forbidden")


async def test_the_reader_is_looked_at_now_and_then_although_nothing_is_sent(
    log: Watched, standing: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_feed, "LOOK", 0.05)
    async with following(log, standing, "teams.team.*") as next_:
        standing.refusal = Forbidden()
        assert await next_() == FeedEnd("access.forbidden")


async def test_many_streams_take_what_comes_together(
    log: Watched, standing: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_feed, "PACE", 2.0)
    async with following(log, standing) as one, following(log, standing) as other:
        parts = [asyncio.ensure_future(each()) for each in (one, other)]
        await log.awaited.wait()
        before = log.reads
        for _ in range(10):
            await log.append(renamed(uuid7(), 1))
            for _ in range(10):  # let whoever was woken go as far as they can
                await asyncio.sleep(0)
        assert [positions(part) for part in await asyncio.gather(*parts)] == [list(range(1, 11))] * 2
        assert log.reads == before + 2


async def test_one_stream_waits_for_nobody(log: Watched, standing: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_feed, "PACE", 1000.0)
    async with following(log, standing):
        pass  # whoever has left does not count
    async with following(log, standing) as next_:
        await log.append(renamed(uuid7(), 1))
        assert positions(await next_()) == [1]


async def test_a_stream_stays_while_the_log_cannot_be_read(
    log: Watched, standing: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_feed, "HEARTBEAT", 0.0)
    async with following(log, standing) as next_:
        await log.append(renamed(uuid7(), 1))
        log.away = True
        silent = await next_()
        assert positions(silent) == []
        assert isinstance(silent, Feed)
        assert silent.next == f"{log.log}.0"
        log.away = False
        while not (told := positions(await next_())):
            pass
        assert told == [1]


async def test_nothing_is_sent_while_the_reader_cannot_be_looked_at(
    log: Watched, standing: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_feed, "HEARTBEAT", 0.0)
    async with following(log, standing) as next_:
        standing.refusal = Unavailable(0)
        await log.append(renamed(uuid7(), 1))
        for _ in range(3):
            assert positions(await next_()) == []
        assert standing.asked
        standing.refusal = None
        while not (told := positions(await next_())):
            pass
        assert told == [1]

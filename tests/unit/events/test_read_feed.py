"""Reading what was announced."""

import asyncio

import pytest

from domain.events.errors import EventTypeUnknown
from domain.events.queries.read_feed import ReadFeed
from domain.events.schemas import FeedCursor
from domain.kernel.errors import BypassRequired, CursorGone, CursorInvalid, OrganizationNotFound
from domain.kernel.ids import uuid7
from domain.kernel.usecases import use_case
from tests.support.builders.events import renamed
from tests.support.memory.events import MemoryEventLog, read_feed


async def filled(events: int) -> MemoryEventLog:
    log = MemoryEventLog()
    for version in range(1, events + 1):
        await log.append(renamed(uuid7(), version))
    return log


async def test_without_a_cursor_it_starts_at_the_beginning() -> None:
    log = await filled(3)
    feed = await read_feed(log, ReadFeed())
    assert [int(event["sequence"]) for event in feed.items] == [1, 2, 3]
    assert feed.next == f"{log.log}.3"


async def test_following_the_cursors_gives_each_event_once() -> None:
    log = await filled(10)
    feed = await read_feed(log, ReadFeed(limit=3))
    seen = list(feed.items)
    while feed.items:
        feed = await read_feed(log, ReadFeed(after=feed.next, limit=3))
        seen += feed.items
    assert seen == log.events


async def test_an_empty_part_leaves_the_reader_where_it_was() -> None:
    log = await filled(2)
    cursor = f"{log.log}.2"
    feed = await read_feed(log, ReadFeed(after=cursor))
    assert (feed.items, feed.next) == ([], cursor)


async def test_an_empty_log_has_a_cursor_too() -> None:
    log = MemoryEventLog()
    start = (await read_feed(log, ReadFeed())).next
    await log.append(renamed(uuid7(), 1))
    assert len((await read_feed(log, ReadFeed(after=start))).items) == 1


async def test_waiting_answers_as_soon_as_there_is_something() -> None:
    log = await filled(1)
    waiting = asyncio.create_task(read_feed(log, ReadFeed(after=f"{log.log}.1", wait=30)))
    await log.append(renamed(uuid7(), 1))
    feed = await asyncio.wait_for(waiting, 5)
    assert [int(event["sequence"]) for event in feed.items] == [2]


async def test_a_cursor_of_another_log_is_gone() -> None:
    log = await filled(2)
    with pytest.raises(CursorGone):
        await read_feed(log, ReadFeed(after=f"{uuid7()}.1"))


async def test_a_log_replaced_while_the_reader_waits_is_gone() -> None:
    log = MemoryEventLog()
    waiting = asyncio.create_task(read_feed(log, ReadFeed(after=f"{log.log}.0", wait=30)))
    async with log.appended:
        log.log = uuid7()
    await log.append(renamed(uuid7(), 1))
    with pytest.raises(CursorGone):
        await asyncio.wait_for(waiting, 5)


async def test_a_cursor_past_the_end_is_invalid() -> None:
    log = await filled(2)
    with pytest.raises(CursorInvalid):
        await read_feed(log, ReadFeed(after=f"{log.log}.3"))


async def test_a_cursor_whose_events_were_dropped_is_gone() -> None:
    log = await filled(5)
    log.dropped = 3
    with pytest.raises(CursorGone):
        await read_feed(log, ReadFeed(after=f"{log.log}.2"))
    assert len((await read_feed(log, ReadFeed(after=f"{log.log}.3"))).items) == 2


LOG = "01a20152-8a1e-7b95-bab4-3ecd3b3f6a11"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        ".1",
        LOG,
        f"{LOG}.",
        f"{LOG}.-1",
        f"{LOG}.+1",
        f"{LOG}.01",
        f"{LOG}.1 ",
        f"{LOG}.1\n",
        f"{LOG}.\u0661",
        f"{LOG}.{2**63}",
        f"{LOG}.{'9' * 400}",
        f"{{{LOG}}}.1",
        f"urn:uuid:{LOG}.1",
        f"{LOG.upper()}.1",
        f"{LOG}\0.1",
        "' OR 1=1 --",
    ],
)
def test_f10_a_malformed_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        FeedCursor.parse(text)


@pytest.mark.parametrize("position", [0, 1, 2**63 - 1])
def test_a_cursor_survives_being_written_and_read(position: int) -> None:
    assert str(FeedCursor.parse(f"{LOG}.{position}")) == f"{LOG}.{position}"


def test_its_refusals_are_declared() -> None:
    declared = {BypassRequired, CursorGone, CursorInvalid, EventTypeUnknown, OrganizationNotFound}
    assert set(use_case(ReadFeed).raises) == declared

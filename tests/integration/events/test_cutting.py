"""Partitions end when they have been written for long, and nobody waits for it."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from core.postgres.cutting import RECENT, SMALL, cut
from core.postgres.database import Database
from core.postgres.partitions import AUDIT, EVENTS, PROVED, SIZE, Log, attached
from core.postgres.sequencer import Sequencer
from domain.kernel.ids import uuid7
from tests.support.facts import fill, number, state, until
from tests.support.looking import ended

DAY = timedelta(days=1)
MANY = """
WITH written AS (
    INSERT INTO events
    SELECT i, 0, gen_random_uuid(), 'user', lpad(to_hex(i % 100 + 1), 32, '0')::uuid, i / 100 + 1, 'identity.user.renamed',
           1, '{}', NULL, now() - interval '2 days'
    FROM generate_series(1, $1::bigint) i
)
UPDATE log_head SET position = $1
"""
CHECKS = "SELECT convalidated FROM pg_constraint WHERE conname = $1"


async def bounds(connection: Any, log: Log) -> list[tuple[int, int]]:
    return [(each.first, each.end) for each in await attached(connection, log)]


async def aged(connection: Any, days: int) -> None:
    """Let everything in the log have happened so many days ago."""
    await connection.execute("UPDATE events SET occurred_at = occurred_at - $1::interval", timedelta(days=days))


async def held_up(database: Database, connection: Any) -> None:
    """Have an end proved, and not made: somebody reads meanwhile."""
    reader = await database.connect()
    async with reader.transaction():
        await reader.execute("LOCK TABLE ONLY events IN ACCESS SHARE MODE")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await cut(connection, EVENTS, DAY)
    await reader.close()


async def test_a_partition_ends_when_it_has_been_written_for_long(database: Database, connection: Any) -> None:
    await fill(database.url, 30)
    await ended(connection, EVENTS, DAY)
    assert await bounds(connection, EVENTS) == [(1, SIZE + 1), (SIZE + 1, 2 * SIZE + 1)]
    await aged(connection, 2)
    await ended(connection, EVENTS, DAY)
    await ended(connection, EVENTS, DAY)
    assert await bounds(connection, EVENTS) == [(1, 31), (31, SIZE + 1), (SIZE + 1, 2 * SIZE + 1)]
    await fill(database.url, 5)
    parts = await connection.fetch(
        "SELECT tableoid::regclass::text AS part, count(*) FROM events GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in parts] == [("events_0", 30), ("events_p31", 5)]


async def test_an_end_waits_for_what_is_being_numbered(database: Database, connection: Any) -> None:
    await fill(database.url, 30)
    await aged(connection, 2)
    writer = await database.connect()
    async with writer.transaction():
        await state(writer, uuid7(), 1)
        await number(writer)
        with pytest.raises(Exception, match="lock timeout"):
            await cut(connection, EVENTS, DAY)
    await writer.close()
    await ended(connection, EVENTS, DAY)
    assert (await bounds(connection, EVENTS))[0] == (1, 32)


async def test_an_empty_log_is_not_cut(connection: Any) -> None:
    for log in (EVENTS, AUDIT):
        await ended(connection, log, timedelta(0))
        assert await bounds(connection, log) == [(1, SIZE + 1), (SIZE + 1, 2 * SIZE + 1)]


async def many(database: Database) -> int:
    """Write more than is looked at while others wait, two days ago; return how many."""
    head = SMALL + SMALL // 10
    writer = await database.connect(patience=60)
    await writer.execute(MANY, head)
    await writer.close()
    return head


async def test_a_large_one_ends_somewhat_later_and_is_not_looked_at_while_readers_wait(
    database: Database, connection: Any
) -> None:
    head, said = await many(database), list[str]()
    connection.add_log_listener(lambda _, line: said.append(line.message))
    await connection.execute("SET client_min_messages = debug1")
    await ended(connection, EVENTS, DAY)

    (first, end), *rest = await bounds(connection, EVENTS)
    assert (first, rest) == (1, [(end, SIZE + 1), (SIZE + 1, 2 * SIZE + 1)])
    assert head < end - 1 < head + SMALL
    assert 'partition constraint for table "events_0" is implied by existing constraints' in said
    assert said.count('verifying table "events_0"') == 1  # the proof, while others read and write
    assert not [line for line in said if "building index" in line and "events_0" in line]
    assert await connection.fetch(CHECKS, PROVED) == []

    await ended(connection, EVENTS, DAY)  # its end is near enough
    assert (await bounds(connection, EVENTS))[0] == (1, end)
    await fill(database.url, end - head)
    assert await connection.fetchval("SELECT min(position) FROM ONLY " + f"events_p{end}") == end


async def test_the_end_comes_nearer_when_little_is_written_any_more(database: Database, connection: Any) -> None:
    lately = "UPDATE events SET occurred_at = now() - interval '1 minute' WHERE position >= $1"
    recent = await many(database) - RECENT
    await connection.execute(lately, recent)
    await ended(connection, EVENTS, DAY)
    before = (await bounds(connection, EVENTS))[0][1]
    await connection.execute(lately.replace("1 minute", "1 hour"), recent)
    await ended(connection, EVENTS, DAY)

    ends = [end for _, end in await bounds(connection, EVENTS)]
    assert ends[0] < before
    assert ends[1] == before


async def test_what_holds_it_up_is_not_done_twice(database: Database, connection: Any) -> None:
    head = await many(database)
    await held_up(database, connection)
    assert [row[0] for row in await connection.fetch(CHECKS, PROVED)] == [True]
    await fill(database.url, 5)

    said = list[str]()
    connection.add_log_listener(lambda _, line: said.append(line.message))
    await connection.execute("SET client_min_messages = debug1")
    await ended(connection, EVENTS, DAY)
    assert 'verifying table "events_0"' not in said
    assert head + 5 < (await bounds(connection, EVENTS))[0][1] < SIZE


async def test_numbers_do_not_wait_for_an_end_that_nobody_makes(database: Database, connection: Any) -> None:
    head = await many(database)
    await held_up(database, connection)
    for version in range(1, 500):
        await state(connection, uuid7(), version)

    async def numbered() -> bool:
        return bool(await connection.fetchval("SELECT position = $1 FROM log_head", head + 499))

    sequencing = asyncio.create_task(Sequencer(database).run())
    await until(numbered)
    sequencing.cancel()
    with suppress(asyncio.CancelledError):
        await sequencing
    assert await connection.fetch(CHECKS, PROVED) == []
    assert (await bounds(connection, EVENTS))[0] == (1, SIZE + 1)
    await ended(connection, EVENTS, DAY)
    assert head + 499 < (await bounds(connection, EVENTS))[0][1] < SIZE


async def test_what_no_room_helps_against_the_sequencer_says_and_rests(
    database: Database, connection: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """To Postgres a missing partition is a violated check as well; here there is one, and no end to be forgotten."""
    await connection.execute("ALTER TABLE events ADD CONSTRAINT nothing_new CHECK (aggregate_version > 1)")
    await state(connection, uuid7(), 1)

    async def told() -> bool:
        return "CheckViolationError" in caplog.text

    sequencing = asyncio.create_task(Sequencer(database).run())
    await until(told, 60)
    sequencing.cancel()
    with suppress(asyncio.CancelledError):
        await sequencing

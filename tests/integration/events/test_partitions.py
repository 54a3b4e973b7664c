"""The logs in partitions: room ahead, and ends that come with time."""

from datetime import timedelta
from typing import Any

import pytest

from core.postgres.database import Database
from core.postgres.partitions import AHEAD, AUDIT, EVENTS, LOGS, SIZE, Log, attached, cut, make_partitions
from domain.kernel.ids import uuid7
from tests.support.facts import fill, number, state

DAY = timedelta(days=1)


async def bounds(connection: Any, log: Log) -> list[tuple[int, int]]:
    return [(each.first, each.end) for each in await attached(connection, log)]


async def test_partitions_are_made_before_the_last_is_full(connection: Any) -> None:
    for head, count in ((0, 2), (2 * SIZE - AHEAD, 2), (2 * SIZE - AHEAD + 1, 3), (3 * SIZE, 4)):
        await connection.execute("UPDATE log_head SET position = $1, audit_position = $1", head)
        for log in LOGS:
            await make_partitions(connection, log)
            await make_partitions(connection, log)
            assert await bounds(connection, log) == [(n * SIZE + 1, (n + 1) * SIZE + 1) for n in range(count)]


async def test_a_partition_made_while_the_log_is_written_takes_its_events(database: Database, connection: Any) -> None:
    person = uuid7()
    await connection.execute("UPDATE log_head SET position = $1", 2 * SIZE - 1)
    writer = await database.connect()
    async with writer.transaction():
        await state(writer, person, 1)
        await number(writer)
        await make_partitions(connection, EVENTS)
    await state(writer, person, 2)
    await number(writer)
    await writer.close()
    rows = await connection.fetch("SELECT position, tableoid::regclass::text AS part FROM events ORDER BY position")
    assert [tuple(row) for row in rows] == [(2 * SIZE, "events_1"), (2 * SIZE + 1, f"events_p{2 * SIZE + 1}")]
    indexed = "SELECT count(*) FROM pg_indexes WHERE tablename = $1"
    assert await connection.fetchval(indexed, rows[1]["part"]) == await connection.fetchval(indexed, "events_1")


async def aged(connection: Any, days: int) -> None:
    """Let everything in the log have happened so many days ago."""
    await connection.execute("UPDATE events SET occurred_at = occurred_at - $1::interval", timedelta(days=days))


async def test_a_partition_ends_when_it_has_been_written_for_long(database: Database, connection: Any) -> None:
    await fill(database.url, 30)
    await cut(connection, EVENTS, DAY)
    assert await bounds(connection, EVENTS) == [(1, SIZE + 1), (SIZE + 1, 2 * SIZE + 1)]
    await aged(connection, 2)
    await cut(connection, EVENTS, DAY)
    await cut(connection, EVENTS, DAY)
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
    await cut(connection, EVENTS, DAY)
    assert (await bounds(connection, EVENTS))[0] == (1, 32)


async def test_an_empty_log_is_not_cut(connection: Any) -> None:
    for log in (EVENTS, AUDIT):
        await cut(connection, log, timedelta(0))
        assert await bounds(connection, log) == [(1, SIZE + 1), (SIZE + 1, 2 * SIZE + 1)]

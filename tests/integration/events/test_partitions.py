"""The logs in partitions: room ahead of those who write."""

from typing import Any

from core.postgres.database import Database
from core.postgres.maintenance import CleanUp
from core.postgres.partitions import AHEAD, EVENTS, LOGS, SIZE, Log, attach, attached, make_partitions, make_table
from core.postgres.sequencer import Sequencer
from domain.kernel.ids import uuid7
from tests.support.facts import number, state, until
from tests.support.running import running

PROMISED = 5000
"""Events a second."""
ENTRY = """
INSERT INTO audit_pending (id, action, outcome, actor, occurred_at, leaf)
VALUES (gen_random_uuid(), 'identity.user.sign_up', 'done', 'anonymous', now(), sha256(''))
"""


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


async def test_a_table_is_made_with_all_that_a_partition_needs(connection: Any) -> None:
    for log in LOGS:
        name = await make_table(connection, log, 2 * SIZE + 1, 3 * SIZE + 1)
        indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = $1"
        assert await connection.fetchval(indexes, name) == await connection.fetchval(indexes, log.table)
        made = await connection.fetchval("SELECT count(*) FROM pg_class WHERE relkind = 'i'")
        said: list[str] = []
        connection.add_log_listener(lambda _, line, said=said: said.append(line.message))
        await connection.execute("SET client_min_messages = debug1")
        await attach(connection, log, name, 2 * SIZE + 1, 3 * SIZE + 1)
        await connection.execute("RESET client_min_messages")
        assert f'partition constraint for table "{name}" is implied by existing constraints' in said
        assert await connection.fetchval("SELECT count(*) FROM pg_class WHERE relkind = 'i'") == made
        checks = "SELECT count(*) FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype = 'c'"
        assert await connection.fetchval(checks, name) == await connection.fetchval(checks, log.table)


async def test_numbering_goes_on_past_the_last_partition(database: Database, connection: Any) -> None:
    """The job that makes them may be late: nobody waits for it."""
    await connection.execute("UPDATE log_head SET position = $1, audit_position = $1", 2 * SIZE - 1)
    for _ in range(2):
        await state(connection, uuid7(), 1)
        await connection.execute(ENTRY)

    async def numbered() -> bool:
        row = await connection.fetchrow("SELECT position, audit_position FROM log_head")
        return tuple(row) == (2 * SIZE + 1, 2 * SIZE + 1)

    async with running(Sequencer(database), Sequencer(database)):
        await until(numbered, 20)
    for log in LOGS:
        rows = await connection.fetch(f"SELECT position, tableoid::regclass::text FROM {log.table} ORDER BY position")
        assert [tuple(row) for row in rows] == [
            (2 * SIZE, f"{log.table}_1"),
            (2 * SIZE + 1, f"{log.table}_p{2 * SIZE + 1}"),
        ]


async def test_room_is_made_for_longer_than_until_the_next_look(database: Database) -> None:
    every = CleanUp(database).job
    assert every.every is not None
    assert PROMISED * (every.every.total_seconds() + every.patience) <= AHEAD

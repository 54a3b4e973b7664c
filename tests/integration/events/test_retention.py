"""What is old leaves the database for a file, from which it can be read and put back."""

import asyncio
import gzip
import json
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.archive_files import Manifest, Spoilt, entries
from core.postgres.archive import Archive, NotNext
from core.postgres.database import Database
from core.postgres.log import LogFollower, SqlEventLog
from core.postgres.partitions import AUDIT, EVENTS, attached
from core.postgres.retention import Policy, Retention
from domain.kernel.ids import PLATFORM, uuid7
from tests.support.facts import fill, number, state, until
from tests.support.looking import looked

KEEP = timedelta(days=12)
ENDINGS = (".ndjson.gz", ".ndjson.gz.json")
ENTRY = """
INSERT INTO audit_pending (id, action, outcome, actor, occurred_at, leaf)
SELECT gen_random_uuid(), 'identity.user.sign_up', 'done', 'anonymous', now() - interval '20 days', sha256(i::text::bytea)
FROM generate_series(1, $1) i
"""
WEBHOOK = """
WITH made AS (
    INSERT INTO webhooks
    VALUES ($1, $2, 'https://example.org', '', '{*}', true, NULL, '', NULL, NULL, $1, now(), now(), 1)
    RETURNING id
)
INSERT INTO webhook_cursors (webhook_id, position) SELECT id, $3 FROM made
"""


@pytest.fixture
def retention(database: Database, tmp_path: Path) -> Retention:
    return Retention(database, tmp_path, (Policy(EVENTS, KEEP), Policy(AUDIT, KEEP)))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(EVENTS, tmp_path)


async def written(connection: Any, url: str, events: int, days: int) -> None:
    """Write events that happened so many days ago."""
    before = await connection.fetchval("SELECT position FROM log_head")
    await fill(url, events)
    age = "UPDATE events SET occurred_at = now() - $2::interval WHERE position > $1"
    await connection.execute(age, before, timedelta(days=days))


def files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(f"*/{pattern}"))


async def test_what_is_old_as_a_whole_goes_into_a_file(
    database: Database, connection: Any, retention: Retention, archive: Archive, tmp_path: Path
) -> None:
    await written(connection, database.url, 6000, 20)
    rows = [
        json.loads(row[0]) for row in await connection.fetch("SELECT to_jsonb(e)::text FROM events e ORDER BY position")
    ]
    await looked(retention, connection)
    await written(connection, database.url, 10, 1)
    await looked(retention, connection)

    assert await connection.fetchval("SELECT min(position) FROM events") == 6001
    (manifest,) = await archive.known(connection)
    assert (manifest.name, manifest.entries) == ("events-1-6000", 6000)
    assert [row | {"occurred_at": None} for row in map(json.loads, entries(tmp_path, manifest))] == [
        row | {"occurred_at": None} for row in rows
    ]
    assert manifest.first_at <= manifest.last_at < datetime.now(UTC) - KEEP
    file = tmp_path / manifest.file
    assert msgspec.json.decode(file.with_name(f"{file.name}.json").read_bytes(), type=Manifest) == manifest
    assert [oct(each.stat().st_mode & 0o777) for each in sorted(file.parent.iterdir())] == ["0o600", "0o600"]


async def test_what_is_young_stays(database: Database, connection: Any, retention: Retention, archive: Archive) -> None:
    await written(connection, database.url, 10, 20)
    await written(connection, database.url, 1, 1)  # the youngest of a partition decides
    await looked(retention, connection)
    await written(connection, database.url, 1, 0)
    await looked(retention, connection)

    assert await connection.fetchval("SELECT count(*) FROM events") == 12
    assert await archive.known(connection) == []


async def test_what_somebody_has_not_passed_stays(
    database: Database, connection: Any, retention: Retention, archive: Archive
) -> None:
    await written(connection, database.url, 10, 20)
    await looked(retention, connection)
    await written(connection, database.url, 1, 0)
    await connection.execute(
        "INSERT INTO delivery_cursors VALUES ('rabbitmq', 0, 10), ('rabbitmq', 1, 9), ('other', 0, 10)"
    )
    await looked(retention, connection)
    assert await connection.fetchval("SELECT min(position) FROM events") == 1

    await connection.execute("UPDATE delivery_cursors SET position = 10")
    await looked(retention, connection)
    assert await connection.fetchval("SELECT min(position) FROM events") == 11


async def test_what_was_parked_stays_until_it_is_sent(
    database: Database, connection: Any, retention: Retention, archive: Archive
) -> None:
    await written(connection, database.url, 10, 20)
    await looked(retention, connection)
    await written(connection, database.url, 1, 0)
    await connection.execute("INSERT INTO delivery_cursors SELECT 'rabbitmq', generate_series(0, 7), 11")
    await connection.execute(
        "INSERT INTO parked_events (sink, position, reason) VALUES ('rabbitmq', 10, 'a full queue')"
    )
    await looked(retention, connection)
    assert await connection.fetchval("SELECT min(position) FROM events") == 1

    await connection.execute("DELETE FROM parked_events")
    await looked(retention, connection)
    assert await connection.fetchval("SELECT min(position) FROM events") == 11


async def test_what_was_parked_and_has_left_keeps_nothing(
    database: Database, connection: Any, retention: Retention
) -> None:
    await aside(connection, database, retention, 1)
    await connection.execute(
        "INSERT INTO parked_events (sink, position, reason) VALUES ('rabbitmq', 10, 'a full queue')"
    )
    await looked(retention, connection)
    await written(connection, database.url, 10, 20)
    await connection.execute("UPDATE events SET occurred_at = now() - interval '20 days'")
    await looked(retention, connection)
    await written(connection, database.url, 1, 0)
    await looked(retention, connection)
    assert await connection.fetchval("SELECT min(position) FROM events") > 11


async def test_what_a_webhook_was_not_told_stays_unless_it_is_disabled(
    database: Database, connection: Any, retention: Retention, archive: Archive
) -> None:
    await written(connection, database.url, 10, 20)
    await looked(retention, connection)
    await written(connection, database.url, 1, 0)
    webhook = uuid7()
    await connection.execute(WEBHOOK, webhook, PLATFORM, 11)
    await connection.execute(
        """
        INSERT INTO webhook_deliveries (id, webhook_id, event_id, position, type, aggregate_id)
        VALUES ($1, $2, $1, 10, 'a.b.c', $1)
        """,
        uuid7(),
        webhook,
    )
    await looked(retention, connection)
    assert await connection.fetchval("SELECT min(position) FROM events") == 1

    await connection.execute("UPDATE webhooks SET is_enabled = false")
    await looked(retention, connection)
    assert await connection.fetchval("SELECT min(position) FROM events") == 11


@pytest.mark.parametrize("change", ["UPDATE webhooks SET is_enabled = true", "UPDATE webhook_cursors SET position = 3"])
async def test_what_is_needed_again_while_the_file_is_written_stays(
    database: Database, connection: Any, retention: Retention, archive: Archive, change: str
) -> None:
    """A webhook is enabled again, or told everything since a position."""
    await written(connection, database.url, 10, 20)
    await looked(retention, connection)
    await written(connection, database.url, 1, 0)
    enabled = "position" in change
    await connection.execute(WEBHOOK, uuid7(), PLATFORM, 10 if enabled else 5)
    await connection.execute("UPDATE webhooks SET is_enabled = $1", enabled)

    async def noted(_connection: Any, _manifest: Manifest, _entries: object) -> Any:
        await connection.execute(change)
        return lambda _: asyncio.sleep(0)

    policy = Policy(EVENTS, KEEP, noted)
    await looked(replace(retention, policies=(policy,)), connection)
    assert await connection.fetchval("SELECT min(position) FROM events") == 1
    assert await archive.known(connection) == []

    await connection.execute("UPDATE webhook_cursors SET position = 11")
    await looked(retention, connection)
    assert await connection.fetchval("SELECT min(position) FROM events") == 11
    assert [each.entries for each in await archive.known(connection)] == [10]


async def aside(connection: Any, database: Database, retention: Retention, count: int) -> None:
    """Archive partitions of ten events each; something young follows them."""
    for _ in range(count):
        await written(connection, database.url, 10, 20)
        await looked(retention, connection)
    await written(connection, database.url, 1, 0)
    await looked(retention, connection)


async def test_what_was_archived_is_put_back_as_it_was(
    database: Database, connection: Any, retention: Retention, archive: Archive
) -> None:
    organization = uuid7()
    await state(
        connection,
        uuid7(),
        1,
        data={"text": 'q"uo\\te\n\u2028é', "number": 12345678901234567890},
        organization=organization,
    )
    await number(connection)
    await connection.execute("UPDATE events SET occurred_at = now() - interval '20 days', revokes = '[1]'")
    before = await connection.fetch("SELECT * FROM events")
    await looked(retention, connection)
    await written(connection, database.url, 1, 0)
    await looked(retention, connection)
    assert await connection.fetchval("SELECT min(position) FROM events") == 2

    (manifest,) = await archive.known(connection)
    await archive.put_back(connection, manifest, timedelta(days=1))
    assert await connection.fetch("SELECT * FROM events WHERE position = 1") == before
    indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = $1"
    assert await connection.fetchval(indexes, "events_p1") == await connection.fetchval(indexes, "events")

    await looked(retention, connection)  # it stays for a day
    assert await connection.fetchval("SELECT min(position) FROM events") == 1
    await connection.execute("UPDATE archived_partitions SET kept_until = now()")
    await looked(retention, connection)
    assert await connection.fetchval("SELECT min(position) FROM events") == 2
    assert await archive.known(connection) == [manifest]


async def test_readers_never_meet_a_gap(
    database: Database, connection: Any, retention: Retention, archive: Archive
) -> None:
    await aside(connection, database, retention, 3)
    first, second, third = await archive.known(connection)
    with pytest.raises(NotNext, match=third.name):
        await archive.put_back(connection, first, timedelta(days=1))
    for manifest in (third, second):
        await archive.put_back(connection, manifest, timedelta(days=1))
    with pytest.raises(NotNext, match="already"):
        await archive.put_back(connection, third, timedelta(days=1))
    part = await SqlEventLog(database, LogFollower(database)).read(0, 100)
    assert (part.first, len(part.events)) == (11, 21)
    assert [each.first for each in await attached(connection, EVENTS)][:3] == [11, 21, 31]


async def test_a_file_that_was_changed_is_refused(
    database: Database, connection: Any, retention: Retention, archive: Archive, tmp_path: Path
) -> None:
    await aside(connection, database, retention, 1)
    (manifest,) = await archive.known(connection)
    file = tmp_path / manifest.file
    text = gzip.decompress(file.read_bytes()).replace(b"Ada", b"Eva", 1)
    for content in (gzip.compress(text), file.read_bytes()[:-1], b""):
        file.write_bytes(content)
        with pytest.raises(Spoilt, match="SHA-256"):
            await archive.put_back(connection, manifest, timedelta(days=1))
    file.unlink()
    with pytest.raises(Spoilt, match="cannot be read"):
        next(entries(tmp_path, manifest))
    assert await connection.fetchval("SELECT min(position) FROM events") == 11


async def test_the_chain_of_the_audit_trail_goes_on_from_what_was_archived(
    database: Database, connection: Any, retention: Retention, tmp_path: Path
) -> None:
    await connection.execute(ENTRY, 10)
    await number(connection)
    chain = await connection.fetchval("SELECT encode(audit_chain, 'hex') FROM log_head")
    await looked(retention, connection)
    await connection.execute(ENTRY, 1)
    await number(connection)
    await looked(retention, connection)
    archive = Archive(AUDIT, tmp_path)
    (manifest,) = await archive.known(connection)
    assert (manifest.name, manifest.ending) == ("audit-1-10", chain)
    before = await connection.fetchrow("SELECT count(*), min(position) FROM audit")
    assert tuple(before) == (1, 11)
    await archive.put_back(connection, manifest, timedelta(days=1))
    again = "SELECT encode(chain_from(sha256('gatewright audit 1'), leaf ORDER BY position), 'hex') FROM audit WHERE position <= 10"
    assert await connection.fetchval(again) == chain


async def test_the_times_of_a_file_are_those_of_the_earliest_and_the_latest_entry(
    database: Database, connection: Any, retention: Retention, archive: Archive
) -> None:
    for days in (20, 30, 15, 20):  # numbers follow commits, not clocks
        await written(connection, database.url, 1, days)
    ages = await connection.fetchrow("SELECT min(occurred_at), max(occurred_at) FROM events")
    await looked(retention, connection)
    await written(connection, database.url, 1, 0)
    await looked(retention, connection)

    (manifest,) = await archive.known(connection)
    assert (manifest.entries, manifest.first_at, manifest.last_at) == (4, *ages)


async def test_a_log_that_is_in_use_is_left_until_the_next_look(
    database: Database, connection: Any, retention: Retention
) -> None:
    await written(connection, database.url, 10, 20)
    reader, hasty = await database.connect(), await database.connect(patience=0.5)
    async with reader.transaction():
        await reader.execute("SELECT FROM events LIMIT 1")
        await retention.look(hasty)
        await retention.look(connection)
        assert len(await attached(connection, EVENTS)) == 2
    await reader.close()

    async def cut() -> bool:
        await retention.look(hasty)
        return len(await attached(connection, EVENTS)) == 3

    await until(cut)
    await hasty.close()


@pytest.mark.parametrize("refused", ["events-11-20.ndjson.gz", "events-11-20.ndjson.gz.json"])
async def test_on_a_full_disk_one_log_stays_until_the_next_look_and_the_other_goes(
    database: Database,
    connection: Any,
    retention: Retention,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    refused: str,
) -> None:
    for _ in range(2):
        await written(connection, database.url, 10, 20)
        await connection.execute(ENTRY, 10)
        await number(connection)
        await looked(retention, connection)
    (done,) = files(tmp_path, "events-*.ndjson.gz")
    await written(connection, database.url, 10, 1)
    await connection.execute(ENTRY, 10)
    await number(connection)
    # Nothing can be written into what will be the next file, or into what says what is in it; nor can it be closed.
    (done.parent / f"{refused}.partial").symlink_to("/dev/full")

    await looked(retention, connection)

    assert [path.name for path in files(tmp_path, "*.gz*")] == [
        f"{log}{ending}" for log in ("audit-1-10", "audit-11-20", "events-1-10") for ending in ENDINGS
    ]
    (said,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert "events" in said.message
    assert "No space left" in said.message

    await looked(retention, connection)
    assert (done.parent / "events-11-20.ndjson.gz").is_file()


async def test_a_statement_may_take_longer_than_those_of_requests(
    database: Database, connection: Any, retention: Retention
) -> None:
    await written(connection, database.url, 10, 20)
    hurried = replace(retention, database=Database(database.url, statement_timeout=0.2), every=0.05)
    long = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'gatewright-retention' AND wait_event_type = 'Lock' AND query_start < now() - interval '0.5 s'
    """

    async def waits() -> int:
        count: int = await connection.fetchval(long)
        return count

    async def done() -> bool:
        return len(await attached(connection, EVENTS)) == 3

    reader = await database.connect()
    async with reader.transaction():
        await reader.execute("SELECT FROM events LIMIT 1")
        looking = asyncio.create_task(hurried.run())
        await until(waits)
    await until(done)
    await reader.close()
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking


async def test_one_worker_does_it_at_a_time(
    database: Database, connection: Any, retention: Retention, archive: Archive
) -> None:
    await written(connection, database.url, 10, 20)
    other = await database.connect()
    await other.execute("SELECT pg_advisory_lock(hashtext('gatewright-retention'))")
    await retention.look(connection)
    assert len(await attached(connection, EVENTS)) == 2
    await other.close()
    await retention.look(connection)
    assert len(await attached(connection, EVENTS)) == 3

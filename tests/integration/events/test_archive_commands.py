"""What has left the database, on the command line."""

import asyncio
import gzip
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.postgres.direct import plain
from core.postgres.partitions import EVENTS
from core.postgres.retention import Policy, Retention
from tests.support.command_line import Run, refused
from tests.support.databases import patient
from tests.support.facts import fill
from tests.support.looking import looked

TRAIL = "SELECT action, outcome, actor, target FROM audit_pending"
OLD = "UPDATE events SET occurred_at = now() - interval '20 days'"


async def archived(url: str, folder: Path) -> None:
    """Archive 20 events in two partitions; one stays."""
    retention = Retention(patient(url), folder, (Policy(EVENTS, timedelta(days=12)),))
    connection = await asyncpg.connect(plain(url))
    for _ in range(2):
        await fill(plain(url), 10)
        await connection.execute(OLD)
        await looked(retention, connection)
    await fill(plain(url), 1)
    await looked(retention, connection)
    await connection.close()


async def oldest(url: str) -> int:
    connection = await asyncpg.connect(plain(url))
    position: int = await connection.fetchval("SELECT min(position) FROM events")
    await connection.close()
    return position


async def trail(url: str) -> list[tuple[str, ...]]:
    """Return what the audit trail says that operators did."""
    connection = await asyncpg.connect(plain(url))
    rows = await connection.fetch(TRAIL)
    await connection.close()
    return [tuple(row) for row in rows]


async def known_by(url: str, sha256: str) -> None:
    connection = await asyncpg.connect(plain(url))
    await connection.execute("UPDATE archived_partitions SET sha256 = $1 WHERE first = 1", sha256)
    await connection.close()


@pytest.fixture
def here(tmp_path: Path, fresh_database_url: str) -> dict[str, str]:
    """Settings of an installation that has archived something."""
    asyncio.run(archived(fresh_database_url, tmp_path / "elsewhere"))
    return {"DATABASE_URL": fresh_database_url, "ARCHIVE_DIR": "elsewhere"}


def test_the_archive_is_listed_and_read(run: Run, here: dict[str, str], fresh_database_url: str) -> None:
    listed = run("archive", "list", "events", **here).stdout.splitlines()
    assert [line.split()[:3] for line in listed] == [
        [name, "10", "entries"] for name in ("events-1-10", "events-11-20")
    ]
    details: list[Any] = json.loads(run("archive", "list", "events", "--json", **here).stdout)
    assert [(each["name"], each["first"], each["entries"]) for each in details] == [
        ("events-1-10", 1, 10),
        ("events-11-20", 11, 10),
    ]
    assert run("archive", "list", "audit", **here).stdout == ""
    assert asyncio.run(trail(fresh_database_url)) == []

    read = run("archive", "read", "events-1-10", "--after", "8", **here).stdout.splitlines()
    events = [json.loads(line) for line in read]
    assert [int(event["sequence"]) for event in events] == [9, 10]
    assert (events[0]["type"], events[0]["data"]) == ("identity.user.renamed", {"full_name": "Ada Lovelace"})
    assert events[0]["time"].endswith("Z")
    read_it = ("archive.partition.read", "done", "operator", "partition:events-1-10")
    assert asyncio.run(trail(fresh_database_url)) == [read_it]


def test_e13_what_was_archived_in_the_clear_of_somebody_erased_is_not_read(
    run: Run, here: dict[str, str], fresh_database_url: str, tmp_path: Path
) -> None:
    (file,) = (tmp_path / "elsewhere").glob("*/events-1-10.ndjson.gz")
    first = json.loads(gzip.decompress(file.read_bytes()).splitlines()[0])
    told = {"user_id": first["aggregate_id"], "email": "ada@example.org", "full_name": "Ada", "email_verified": True}
    entry = json.dumps(first | {"type": "identity.user.updated", "data": told})
    file.write_bytes(gzip.compress(f"{entry}\n".encode()))
    asyncio.run(known_by(fresh_database_url, hashlib.sha256(file.read_bytes()).hexdigest()))

    event = json.loads(run("archive", "read", "events-1-10", **here).stdout)

    assert event["erased"]
    assert event["data"] == told | {"email": None, "full_name": None}


def test_the_archive_is_restored_the_youngest_first(run: Run, here: dict[str, str], fresh_database_url: str) -> None:
    refused(run("archive", "restore", "events-1-10", **here), "events-11-20 first")
    assert run("archive", "restore", "events-11-20", **here).stdout.startswith("10 entries")
    assert asyncio.run(oldest(fresh_database_url)) == 11
    refused(run("archive", "restore", "events-11-20", **here), "already")
    restored = ("archive.partition.restore", "done", "operator", "partition:events-11-20")
    assert asyncio.run(trail(fresh_database_url)) == [restored]


def test_nothing_is_restored_where_something_else_works_on_the_log(
    run: Run, here: dict[str, str], fresh_database_url: str
) -> None:
    async def beside() -> None:
        connection = await asyncpg.connect(plain(fresh_database_url))
        async with connection.transaction():
            await connection.execute("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
            refused(await asyncio.to_thread(run, "archive", "restore", "events-11-20", **here), "events", "come again")
        await connection.close()

    asyncio.run(beside())
    assert asyncio.run(oldest(fresh_database_url)) == 21
    assert run("archive", "restore", "events-11-20", **here).stdout.startswith("10 entries")


def test_what_is_not_there_is_named(run: Run, here: dict[str, str], tmp_path: Path) -> None:
    refused(run("archive", "read", "events-1-11", **here), "events-1-11", "gatewright archive list events")
    refused(run("archive", "read", "users-1-10", **here), "users-1-10")
    (file,) = (tmp_path / "elsewhere").glob("*/events-1-10.ndjson.gz")
    file.write_bytes(b"something else")
    refused(run("archive", "read", "events-1-10", **here), "SHA-256")
    file.unlink()
    refused(run("archive", "restore", "events-1-10", **here), "events-11-20 first")
    assert "the file is not here" in run("archive", "list", "events", **here).stdout

"""What is done after a backup was restored, on the command line."""

import asyncio
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest

from core.postgres.direct import plain
from core.postgres.log import LogFollower, SqlEventLog
from core.postgres.revocations import SqlMarkers
from domain.events.ports import EVERYTHING
from domain.events.reading import Place
from domain.events.schemas import FeedCursor
from domain.kernel.errors import CursorGone
from tests.support.command_line import Run
from tests.support.databases import copied, patient
from tests.support.facts import fill
from tests.support.service import SECRET

TRAIL = "SELECT action, outcome, actor, target FROM audit_pending"


async def sql(url: str, statement: str) -> list[Any]:
    connection = await asyncpg.connect(plain(url))
    rows = await connection.fetch(statement)
    await connection.close()
    return list(rows)


async def read(url: str, cursor: FeedCursor | None) -> FeedCursor:
    """Read the feed to its end after `cursor`; return where that is."""
    database = patient(url, 1)
    await database.open()
    try:
        place = Place(cursor)
        at = place.moved(await place.read(SqlEventLog(database, LogFollower(database)), 100, EVERYTHING)).cursor
    finally:
        await database.close()
    assert at
    return at


def restored(run: Run, url: str) -> UUID:
    """Say that a backup was restored; return the id that the log has from then on."""
    ended = run("restored", DATABASE_URL=url, SECRET=SECRET)
    assert ended.returncode == 0, ended
    ((log_id,),) = asyncio.run(sql(url, "SELECT log_id FROM log_head"))
    assert str(log_id) in ended.stdout
    return UUID(str(log_id))


def test_no_place_in_the_log_of_before_is_one_in_the_log_that_was_restored(
    run: Run, fresh_database_url: str, postgres_url: str
) -> None:
    async def scenario() -> None:
        await fill(plain(fresh_database_url), 4)
        early = await read(fresh_database_url, None)
        async with copied(postgres_url, urlsplit(fresh_database_url).path[1:], "backup") as backup:
            await fill(plain(fresh_database_url), 6)
            late = await read(fresh_database_url, early)
            log_id = await asyncio.to_thread(restored, run, backup)
            # As long as the log is shorter than it was, and when it has caught up.
            for events in (0, 8):
                if events:
                    await fill(plain(backup), events)
                for cursor in (early, late):
                    with pytest.raises(CursorGone):
                        await read(backup, cursor)
            assert await read(backup, None) == FeedCursor(log_id, 12)

    asyncio.run(scenario())


def test_whoever_follows_revocations_begins_again(run: Run, fresh_database_url: str) -> None:
    async def scenario() -> None:
        markers = SqlMarkers(lambda: asyncpg.connect(plain(fresh_database_url)))
        position, _ = await markers.start()
        keep = "INSERT INTO revocations (scope, id, epoch, expires_at) VALUES ('user', '2', 5, now() + interval '1 h')"
        await sql(fresh_database_url, keep)
        assert await markers.since(position) == (position, [])
        await asyncio.to_thread(restored, run, fresh_database_url)
        _, seen = await markers.since(position)
        assert [marker.id for marker in seen] == ["2"]
        await markers.close()

    asyncio.run(scenario())


def test_it_is_audited(run: Run, fresh_database_url: str) -> None:
    log_id = restored(run, fresh_database_url)
    (entry,) = asyncio.run(sql(fresh_database_url, TRAIL))
    assert tuple(entry) == ("events.log.renew", "done", "operator", f"log:{log_id}")

"""What is done after a backup was restored, on the command line."""

import asyncio
import math
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest

from core.event_schemas import declared
from core.postgres.direct import plain
from core.postgres.log import LogFollower, SqlEventLog
from core.postgres.renewing import raise_epochs
from core.postgres.revocations import SqlMarkers
from domain.events.ports import EVERYTHING
from domain.events.reading import Place
from domain.events.schemas import FeedCursor
from domain.kernel.errors import CursorGone
from domain.kernel.ids import uuid7
from gatewright_verifier.revocations import Revocations, Verdict, WireMarker
from tests.support.command_line import Run
from tests.support.databases import copied, patient
from tests.support.facts import fill, number, state, until
from tests.support.service import SECRET

OPERATIONS = Path(__file__).parents[3] / "docs/operations.md"
TRAIL = "SELECT action, outcome, actor, target FROM audit_pending ORDER BY seq"
PEOPLE = """
INSERT INTO users (id, email, email_verified, is_active, epoch, created_at, updated_at, version)
SELECT lpad(i::text, 32, '0')::uuid, i::text, true, true, 2, now(), now(), 1 FROM generate_series(1, 5) i;
INSERT INTO sessions (id, user_id, factors, created_at, expires_at, version)
SELECT id, id, '{pwd}', now(), now() + interval '7 days', 1 FROM users;
INSERT INTO refresh_families (id, session_id, user_id, key_id, expires_at)
SELECT id, id, user_id, 0, expires_at FROM sessions
"""
ADA = "00000000-0000-0000-0000-000000000001"
EPOCHS = "SELECT epoch FROM users ORDER BY id"
OVER = """
SELECT s.revoked_at IS NOT NULL AND f.revoked_at IS NOT NULL FROM sessions s JOIN refresh_families f ON f.session_id = s.id
"""


async def sql(url: str, statement: str) -> list[Any]:
    connection = await asyncpg.connect(plain(url))
    rows = await connection.fetch(statement)
    await connection.close()
    return list(rows)


async def inhabited(url: str) -> None:
    """Have five people, each signed in, under the epoch 2."""
    connection = await asyncpg.connect(plain(url))
    await connection.execute(PEOPLE)
    await connection.close()


async def live(url: str) -> list[WireMarker]:
    """Return what whoever begins to follow revocations hears."""
    markers = SqlMarkers(lambda: asyncpg.connect(plain(url)))
    _, found = await markers.start()
    await markers.close()
    return list(found)


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


def restored(run: Run, url: str, *options: str) -> UUID:
    """Say that a backup was restored; return the id that the log has from then on."""
    ended = run("restored", *options, DATABASE_URL=url, SECRET=SECRET)
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
        with pytest.raises(CursorGone):
            await markers.since(position)
        _, seen = await markers.start()
        assert [marker.id for marker in seen] == ["2"]
        await markers.close()

    asyncio.run(scenario())


def test_it_is_audited(run: Run, fresh_database_url: str) -> None:
    log_id = restored(run, fresh_database_url)
    (entry,) = asyncio.run(sql(fresh_database_url, TRAIL))
    assert tuple(entry) == ("events.log.renew", "done", "operator", f"log:{log_id}")


def test_whoever_signs_in_is_let_in_where_later_changes_of_their_password_were_heard(
    run: Run, fresh_database_url: str
) -> None:
    heard = Revocations(fresh_until=math.inf)
    asyncio.run(inhabited(fresh_database_url))
    for changes in range(1, 4):
        # The same backup again and again, and each time the password is changed after it was restored.
        restored(run, fresh_database_url)
        heard.learn(asyncio.run(live(fresh_database_url)))
        (epoch,) = asyncio.run(sql(fresh_database_url, EPOCHS))[0]
        assert heard.judge((f"user:{ADA}",), 1, epoch) is Verdict.ACCEPT, changes
        heard.learn([WireMarker("user", ADA, epoch=epoch + 1)])
        asyncio.run(sql(fresh_database_url, "UPDATE users SET epoch = 2"))
        time.sleep(1)  # the command takes longer than that, but nobody promises it


async def test_raises_the_epoch_of_everybody_in_parts(fresh_database_url: str) -> None:
    await inhabited(fresh_database_url)
    connection = await asyncpg.connect(plain(fresh_database_url))
    began = int(time.time())
    assert await raise_epochs(connection, end_sessions=False, size=2) == 5
    first = [epoch for (epoch,) in await connection.fetch(EPOCHS)]
    assert len(first) == 5
    assert min(first) >= began
    # A clock that was set back lowers none.
    await connection.execute("UPDATE users SET epoch = 2 ^ 40")
    assert await raise_epochs(connection, end_sessions=False, size=5) == 5
    assert {epoch for (epoch,) in await connection.fetch(EPOCHS)} == {2**40 + 1}
    await connection.close()


async def test_a_session_that_somebody_begins_meanwhile_ends_too(fresh_database_url: str) -> None:
    await inhabited(fresh_database_url)
    signing_in, connection, looking = [await asyncpg.connect(plain(fresh_database_url)) for _ in range(3)]
    await connection.execute("SET lock_timeout = '10 ms'")
    async with signing_in.transaction():
        # As `SqlSessions.start` does.
        await signing_in.execute("SELECT FROM users WHERE id = $1 AND epoch = 2 FOR SHARE", ADA)
        await signing_in.execute(
            "INSERT INTO sessions (id, user_id, factors, created_at, expires_at, version)"
            " VALUES (gen_random_uuid(), $1, '{pwd}', now(), now() + interval '7 days', 1)",
            ADA,
        )
        raising = asyncio.create_task(raise_epochs(connection, end_sessions=True))

        async def waits() -> bool:
            return bool(await looking.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        await until(waits, 30)
        await asyncio.sleep(0.05)
    assert await raising == 5
    assert await looking.fetch("SELECT id FROM sessions WHERE revoked_at IS NULL") == []
    for each in (signing_in, connection, looking):
        await each.close()


def test_sessions_go_on_unless_they_are_to_end(run: Run, fresh_database_url: str) -> None:
    asyncio.run(inhabited(fresh_database_url))
    restored(run, fresh_database_url)
    assert {over for (over,) in asyncio.run(sql(fresh_database_url, OVER))} == {False}
    assert asyncio.run(live(fresh_database_url)) == []


def test_ends_all_sessions_and_every_token_of_before_and_nothing_that_comes_later(
    run: Run, fresh_database_url: str
) -> None:
    asyncio.run(inhabited(fresh_database_url))
    before = int(time.time())
    log_id = restored(run, fresh_database_url, "--end-sessions")

    assert [over for (over,) in asyncio.run(sql(fresh_database_url, OVER))] == [True] * 5
    heard = Revocations(fresh_until=math.inf)
    heard.learn(asyncio.run(live(fresh_database_url)))
    named = "client:gatewright", f"user:{ADA}", "key:of any kid"
    for issued in (1, before, int(time.time())):
        assert heard.judge(named, issued, 2) is Verdict.REVOKED
    assert heard.judge(named, int(time.time()) + 11, 2) is Verdict.ACCEPT
    first, last = asyncio.run(sql(fresh_database_url, TRAIL))
    assert tuple(first)[:3] == ("sessions.session.end_all", "done", "operator")
    assert tuple(last) == ("events.log.renew", "done", "operator", f"log:{log_id}")


async def test_what_was_taken_away_since_is_found_as_the_runbook_says(fresh_database_url: str) -> None:
    (statement,) = re.findall(r"```sql\n(SELECT type, .*?)```", OPERATIONS.read_text(), re.DOTALL)
    types = re.findall(r"[a-z_]+\.[a-z_]+\.[a-z_]+", statement)
    assert "identity.user.deactivated" in types
    assert {*types} <= {name for name, _ in declared()}
    connection = await asyncpg.connect(plain(fresh_database_url))
    gone = uuid7()
    for each in ("identity.user.created", *types):
        await state(connection, gone, 1, type=each, data={"user_id": str(gone)})
    await number(connection)
    found = await connection.fetch(statement.replace("41802", "0"))
    await connection.close()
    assert [(row["type"], row["person"]) for row in found] == [(each, str(gone)) for each in types]

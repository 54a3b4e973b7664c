import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from redis.asyncio import Redis

from core.markers import on_the_wire
from core.postgres.renewing import renew
from core.postgres.revocations import SqlMarkers
from core.revocation_feed import RevocationFeed, RevocationPush
from domain.kernel.errors import CursorGone, Unavailable
from domain.kernel.ids import uuid7
from domain.kernel.revocation import Marker, RevocationScope
from gatewright_verifier.revocations import Revocations, Verdict, WireMarker

NUMBER = "SELECT count(*) FROM sequence_log(10000, 8)"
STATE = """
INSERT INTO outbox (id, aggregate_type, aggregate_id, aggregate_version, type, schema_version, data, revokes)
VALUES ($1, 'session', $1, 1, 'sessions.session.revoked', 1, '{}', $2::jsonb)
"""
KEEP = "INSERT INTO revocations (scope, id, cutoff, epoch, expires_at) VALUES ($1, $2, $3, $4, $5)"


@pytest.fixture
async def connection(fresh_database_url: str) -> AsyncIterator[Any]:
    made = await asyncpg.connect(fresh_database_url)
    yield made
    await made.close()


@pytest.fixture
async def markers(fresh_database_url: str) -> AsyncIterator[SqlMarkers]:
    made = SqlMarkers(lambda: asyncpg.connect(fresh_database_url))
    yield made
    await made.close()


def session(name: str, cutoff: datetime | None = None) -> Marker:
    return Marker(
        RevocationScope.SESSION, name, datetime.now(UTC) + timedelta(hours=1), cutoff=cutoff or datetime.now(UTC)
    )


async def commit(connection: Any, *revoked: Marker) -> list[WireMarker]:
    """State a fact that revokes these."""
    wire = [on_the_wire(marker) for marker in revoked]
    await connection.execute(STATE, uuid7(), msgspec.json.encode(wire).decode())
    return wire


async def test_starts_with_every_marker_that_is_live(connection: Any, markers: SqlMarkers) -> None:
    later, past = (datetime.now(UTC) + timedelta(hours=hours) for hours in (1, -1))
    at = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    await connection.execute(KEEP, "session", "1", at, None, later)
    await connection.execute(KEEP, "user", "2", None, 5, later)
    await connection.execute(KEEP, "user", "3", None, 5, past)

    position, live = await markers.start()
    assert position == 0
    assert sorted(live, key=lambda marker: marker.id) == [
        WireMarker("session", "1", cutoff=at.timestamp()),
        WireMarker("user", "2", epoch=5),
    ]


async def test_i3_reads_facts_that_are_committed_and_not_numbered(connection: Any, markers: SqlMarkers) -> None:
    position, _ = await markers.start()
    wire = await commit(connection, session("1"), session("2"))
    assert await markers.since(position) == (position, wire)

    await connection.fetchval(NUMBER)
    assert await markers.since(position) == (position + 1, wire)
    assert await markers.since(position + 1) == (position + 1, [])


async def test_reads_only_what_is_new_and_revokes(connection: Any, markers: SqlMarkers) -> None:
    await commit(connection, session("before"))
    await connection.fetchval(NUMBER)
    position, _ = await markers.start()
    await connection.execute(STATE, uuid7(), None)
    wire = await commit(connection, session("after"))
    await connection.fetchval(NUMBER)
    assert await markers.since(position) == (position + 2, wire)


async def test_does_not_read_what_is_not_committed(
    connection: Any, markers: SqlMarkers, fresh_database_url: str
) -> None:
    position, _ = await markers.start()
    other = await asyncpg.connect(fresh_database_url)
    transaction = other.transaction()
    await transaction.start()
    wire = await commit(other, session("1"))
    await commit(connection, session("2"))
    await connection.fetchval(NUMBER)

    position, seen = await markers.since(position)
    assert [marker.id for marker in seen] == ["2"]
    await transaction.commit()
    assert await markers.since(position) == (position, wire)
    await connection.fetchval(NUMBER)
    assert await markers.since(position) == (position + 1, wire)
    await other.close()


async def test_starts_again_when_a_backup_was_restored(connection: Any, markers: SqlMarkers) -> None:
    await commit(connection, session("before"))
    await connection.fetchval(NUMBER)
    position, _ = await markers.start()
    await renew(connection)
    await connection.execute(KEEP, "user", "2", None, 5, datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(CursorGone):
        await markers.since(position)
    assert await markers.start() == (position, [WireMarker("user", "2", epoch=5)])
    assert await markers.since(position) == (position, [])


async def test_what_is_live_may_take_longer_than_other_statements(connection: Any, fresh_database_url: str) -> None:
    async def hurried() -> Any:
        return await asyncpg.connect(
            fresh_database_url, command_timeout=0.3, server_settings={"statement_timeout": "300"}
        )

    markers = SqlMarkers(hurried)
    async with connection.transaction():
        await connection.execute("LOCK TABLE revocations IN ACCESS EXCLUSIVE MODE")
        starting = asyncio.create_task(markers.start())
        await asyncio.sleep(1)
        assert not starting.done()
    assert await starting == (0, [])
    await markers.close()


async def test_connects_again_after_its_connection_is_killed(connection: Any, markers: SqlMarkers) -> None:
    position, _ = await markers.start()
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    # It may have learned of it already, and then connects at once.
    with suppress(Unavailable):
        await markers.since(position)
    wire = await commit(connection, session("1"))
    assert await markers.since(position) == (position, wire)


async def test_cannot_be_asked_where_nobody_listens(unused_tcp_port: int) -> None:
    markers = SqlMarkers(lambda: asyncpg.connect(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/none"))
    with pytest.raises(Unavailable):
        await markers.start()


async def test_a_pull_that_waits_too_long_is_given_up_and_the_next_succeeds(
    connection: Any, markers: SqlMarkers
) -> None:
    revocations = Revocations()
    feed = RevocationFeed(revocations, markers, bound=10)
    await feed.pull()
    feed.bound = 0.4
    async with connection.transaction():
        await connection.execute("LOCK TABLE log_head IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Unavailable):
            await feed.pull()
    feed.bound = 10
    await feed.pull()
    assert revocations.judge(("session:1",), 1, 0) is Verdict.ACCEPT


async def test_hears_a_push_through_a_real_redis(markers: SqlMarkers, redis_url: str) -> None:
    there, name = Revocations(), str(uuid7())
    listening = Redis.from_url(redis_url, socket_timeout=None)
    sending = Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1)
    feed = RevocationFeed(there, markers, listening, every=60, bound=600)
    await feed.pull()
    running = asyncio.create_task(feed.run())
    push = RevocationPush(Revocations(), sending)
    try:
        async with asyncio.timeout(60):
            while there.judge((f"session:{name}",), 1, 0) is not Verdict.REVOKED:
                push([session(name)])  # nobody is told when it has begun to listen
                await push.close()
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await listening.aclose()
        await sending.aclose()

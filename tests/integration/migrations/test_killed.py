"""Migrators that are killed, or are several (E14)."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from core.postgres.direct import plain
from core.postgres.migrating import current, downgrade, head, upgrade
from tests.integration.migrations.schema import schema
from tests.integration.migrations.test_stairway import steps
from tests.support.service import LONG

PAUSE = """
CREATE SCHEMA tests;
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
CREATE FUNCTION tests.pause() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext(coalesce(NEW.version_num, 'base')));
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER pause BEFORE INSERT OR UPDATE OR DELETE ON alembic_version
    FOR EACH ROW EXECUTE FUNCTION tests.pause();
"""
WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
WHERE NOT granted AND locktype = 'advisory' AND mode = 'ShareLock' AND datname = current_database()
"""
MIGRATORS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gatewright-migrator'"
PEOPLE = """
INSERT INTO users (id, email, email_verified, is_active, epoch, created_at, updated_at, version)
SELECT gen_random_uuid(), n || '@example.org', true, true, 1, now(), now(), 1 FROM generate_series(1, $1::int) n
"""


@asynccontextmanager
async def migrator(url: str, direction: str, revision: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a migrator, and kill it in the end."""
    code = f"from core.postgres.migrating import {direction}; {direction}({url!r}, {revision!r})"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd="src")
    try:
        yield child
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGKILL)
        await child.wait()


async def ended(connection: Any) -> None:
    """Wait until Postgres has noticed that the migrator is gone."""
    async with asyncio.timeout(20):
        while await connection.fetchval(MIGRATORS):  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)


async def kill_before_the_entry(url: str, direction: str, target: str, entry: str) -> None:
    """Migrate to `target`, and kill the migrator when all that is left to do of `entry` is to note its version."""
    connection = await asyncpg.connect(plain(url))
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", entry)
        async with migrator(url, direction, target) as child, asyncio.timeout(30):
            while not await connection.fetchval(WAITING):
                assert child.returncode is None
                await asyncio.sleep(0.02)
    await ended(connection)
    await connection.close()


async def test_e14_a_migration_and_its_entry_are_one(empty: str) -> None:
    connection = await asyncpg.connect(plain(empty))
    await connection.execute(PAUSE)
    await connection.close()
    schemas = {"base": await schema(empty)}
    for revision, _ in steps():
        upgrade(empty, revision)
        schemas[revision] = await schema(empty)
    for revision, before in steps():
        downgrade(empty, "base")
        await kill_before_the_entry(empty, "upgrade", "head", revision)
        assert (current(empty) or "base", await schema(empty)) == (before, schemas[before])
    upgrade(empty)
    await kill_before_the_entry(empty, "downgrade", "base", "base")
    first = steps()[0][0]
    assert (current(empty), await schema(empty)) == (first, schemas[first])
    upgrade(empty)
    assert await schema(empty) == schemas[head()]


@pytest.mark.faults
async def test_e14_killed_at_any_moment_it_is_run_again_and_rows_are_kept(empty: str) -> None:
    upgrade(empty, "0002")
    connection = await asyncpg.connect(plain(empty))
    people, rounds = (50_000, 20) if LONG else (1000, 4)
    await connection.execute(PEOPLE, people)
    chance = random.Random(14)
    for _ in range(rounds):
        for direction, revision in (("upgrade", "head"), ("downgrade", "0002")):
            async with migrator(empty, direction, revision) as child:
                await asyncio.wait([asyncio.ensure_future(child.wait())], timeout=0.3 + chance.random())
            await ended(connection)
            assert current(empty) in {revision for revision, _ in steps() if revision >= "0002"}
    upgrade(empty)
    assert current(empty) == head()
    assert await connection.fetchval("SELECT count(*) FROM users") == people
    await connection.close()


async def test_migrators_wait_for_one_another(empty: str) -> None:
    async with migrator(empty, "upgrade", "head") as one, migrator(empty, "upgrade", "head") as other:
        assert {await one.wait(), await other.wait()} == {0}
    assert current(empty) == head()

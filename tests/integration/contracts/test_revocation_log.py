"""The log of revocations in Postgres."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from core.bell import Bell
from core.postgres.database import Database
from core.postgres.renewing import renew
from core.postgres.revocations import SqlRevocationLog
from domain.kernel.ids import uuid7
from domain.sessions.schemas import Revocation
from tests.contracts.revocation_log import Bench, RevocationLogContract
from tests.support.databases import patient

FACT = """
INSERT INTO outbox (id, aggregate_type, aggregate_id, aggregate_version, type, schema_version, data, revokes)
VALUES ($1, 'session', $1, 1, 'sessions.session.revoked', 1, '{}', $2::jsonb)
"""
KEEP = "INSERT INTO revocations (scope, id, cutoff, expires_at) VALUES ('session', $1, to_timestamp($2), $3)"


class SqlBench(Bench):
    log: SqlRevocationLog

    def __init__(self, database: Database, connection: Any) -> None:
        self.log = SqlRevocationLog(database, Bell())
        self._connection = connection

    async def revoke(self, session: str) -> Revocation:
        made = Revocation("session", session, cutoff=2.0**33)
        async with self._connection.transaction():
            await self._connection.execute(FACT, uuid7(), msgspec.json.encode([made]).decode())
            await self._connection.execute(KEEP, session, made.cutoff, datetime.now(UTC) + timedelta(hours=1))
        return made

    async def remark(self) -> None:
        await self._connection.execute(FACT, uuid7(), None)

    async def number(self) -> None:
        await self._connection.fetchval("SELECT count(*) FROM sequence_log(10000, 8)")

    def learn(self) -> None:
        self.log.bell.ring()


@pytest.fixture
async def bench(fresh_database_url: str) -> AsyncIterator[SqlBench]:
    database = patient(fresh_database_url, 2)
    await database.open()
    connection = await asyncpg.connect(fresh_database_url)
    yield SqlBench(database, connection)
    await connection.close()
    await database.close()


class TestSqlRevocationLog(RevocationLogContract):
    async def test_what_has_outlived_every_token_is_not_live(self, bench: SqlBench) -> None:
        await bench.revoke("1")
        await bench._connection.execute("UPDATE revocations SET expires_at = now()")
        assert (await bench.log.live()).numbered == []

    async def test_a_restored_log_has_another_id(self, bench: SqlBench) -> None:
        before = await bench.log.live()
        await renew(bench._connection)
        assert (await bench.log.since(0)).log != before.log

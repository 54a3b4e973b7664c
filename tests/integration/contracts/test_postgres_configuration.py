"""Configuration documents in Postgres alone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg
import pytest

from core.postgres.configuration import SqlConfigurationBodies
from core.postgres.database import Database
from tests.contracts.configuration_bodies import ConfigurationBodiesContract, body
from tests.contracts.configuration_heads import ConfigurationHeadsContract, put
from tests.contracts.sealed_bodies import SealedBodiesContract
from tests.integration.contracts.configuration import SqlLedger, opened
from tests.integration.contracts.configuration_store import ConfigurationStoreSuite
from tests.integration.contracts.sealing import SqlSealed


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


@pytest.fixture
async def ledger(database: Database) -> SqlLedger:
    ledger = SqlLedger(database)
    await ledger.found()
    return ledger


@pytest.fixture
def bodies(database: Database) -> SqlConfigurationBodies:
    return SqlConfigurationBodies(database)


class TestSqlConfigurationBodies(ConfigurationBodiesContract):
    """On the tables of the migrations."""


class TestSqlConfigurationHeads(ConfigurationHeadsContract):
    """On the tables of the migrations."""


class TestSqlConfigurationStore(ConfigurationStoreSuite):
    """Heads and bodies in one database."""


@dataclass
class SqlSealedSql(SqlSealed):
    async def raw(self, body_id: UUID) -> str:
        async with self.database.read() as connection:
            return str(
                await connection.fetchval("SELECT to_jsonb(b)::text FROM configuration_bodies b WHERE id = $1", body_id)
            )


class TestSqlSealedBodies(SealedBodiesContract):
    """Bodies and salts in one database."""

    @pytest.fixture
    def sealed(self, database: Database, bodies: SqlConfigurationBodies) -> SqlSealedSql:
        return SqlSealedSql(database, bodies)


async def test_e13_an_erasure_waits_for_a_document_that_speaks_of_the_person(
    database: Database, ledger: SqlLedger
) -> None:
    """What it would delete is there when it goes on, and not written after it."""
    ada = await ledger.person()
    stored = body({"of": 1})
    async with ledger.command() as (heads, _):
        await heads.hold([ada])
        async with database.read() as connection:
            with pytest.raises(asyncpg.LockNotAvailableError):
                await connection.execute("SELECT FROM users WHERE id = $1 FOR UPDATE NOWAIT", ada)
    await put(ledger, replace(stored, organization_id=ledger.organization_id), ada)
    async with database.read() as connection:
        await connection.execute("DELETE FROM users WHERE id = $1", ada)

    assert await ledger.mentions(ada) == []
    assert await ledger.reader.current(ledger.organization_id, "theme")


async def test_a_command_never_needs_two_connections_at_once(database_url: str) -> None:
    async with opened(database_url, size=1) as database:
        ledger, bodies = SqlLedger(database), SqlConfigurationBodies(database)
        await ledger.found()

        puts = [await ledger.put({"n": number}, number or None, bodies) for number in range(3)]

        assert await ledger.get(bodies) == puts[-1]


async def test_the_document_can_be_asked_in_sql(database: Database, bodies: SqlConfigurationBodies) -> None:
    stored = body({"theme": {"colour": "red"}})
    await bodies.put(stored)

    async with database.read() as connection:
        asked = "SELECT body #>> '{theme,colour}' FROM configuration_bodies WHERE id = $1"
        assert await connection.fetchval(asked, stored.id) == "red"

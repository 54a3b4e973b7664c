"""Configuration documents in Postgres: the promises of the ports, and the races between commands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from core.postgres.configuration import SqlConfigurationBodies, SqlConfigurationHeads, SqlConfigurationReader
from core.postgres.database import Database
from core.postgres.work import SqlWork
from domain.kernel.errors import PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import PLATFORM, OrganizationId, uuid7
from domain.kernel.ports import Clock
from domain.organizations.collecting import ConfigurationCleaner
from domain.organizations.commands.put_configuration import PutConfiguration, PutConfigurationInteractor
from domain.organizations.documents import Document
from domain.organizations.models import Body
from domain.organizations.ports import ConfigurationBodies
from domain.organizations.queries.get_configuration import GetConfiguration, GetConfigurationInteractor
from domain.organizations.repositories import ConfigurationHeads
from domain.organizations.schemas import Configuration
from tests.contracts.configuration_bodies import ConfigurationBodiesContract
from tests.contracts.configuration_heads import ConfigurationHeadsContract


class SystemClock(Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class SqlLedger:
    database: Database
    organization_id: OrganizationId

    def __post_init__(self) -> None:
        self.reader = SqlConfigurationReader(self.database)

    def work(self) -> SqlWork:
        return SqlWork(self.database, SystemClock(), b"audit", lambda: None, lambda _: None)

    @asynccontextmanager
    async def command(self) -> AsyncIterator[tuple[ConfigurationHeads, Events]]:
        work = self.work()
        try:
            yield SqlConfigurationHeads(work), work
            await work.commit()
        finally:
            await work.rollback()

    async def put(self, body: dict[str, Any], expected: int | None, bodies: ConfigurationBodies) -> Configuration:
        work = self.work()
        answer = PutConfigurationInteractor(self.reader, bodies, SqlConfigurationHeads(work), work, SystemClock())
        message = PutConfiguration(
            organization_id=self.organization_id, namespace="theme", body=body, expected_version=expected
        )
        try:
            put = await answer(message)
            await work.commit()
        finally:
            await work.rollback()
        return put

    async def get(self, bodies: ConfigurationBodies) -> Configuration:
        answer = GetConfigurationInteractor(self.reader, bodies)
        return await answer(GetConfiguration(organization_id=self.organization_id, namespace="theme"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def ledger(database: Database) -> SqlLedger:
    organization_id = OrganizationId(uuid7())
    insert = "INSERT INTO organizations VALUES ($1, 'Example', $2, now(), now(), 1)"
    async with database.read() as connection:
        await connection.execute(insert, organization_id, organization_id.hex)
    return SqlLedger(database, organization_id)


@pytest.fixture
def bodies(database: Database) -> SqlConfigurationBodies:
    return SqlConfigurationBodies(database)


class TestSqlConfigurationBodies(ConfigurationBodiesContract):
    """Against the tables of the migrations."""


class TestSqlConfigurationHeads(ConfigurationHeadsContract):
    """Against the tables of the migrations."""


async def facts_of(database: Database, organization_id: OrganizationId) -> list[int]:
    """Return the versions announced, of whatever the sequencer has or has not numbered yet."""
    sql = """
    SELECT aggregate_version FROM outbox WHERE organization_id = $1
    UNION ALL SELECT aggregate_version FROM events WHERE organization_id = $1 ORDER BY 1
    """
    async with database.read() as connection:
        return [row["aggregate_version"] for row in await connection.fetch(sql, organization_id)]


async def race(ledger: SqlLedger, bodies: ConfigurationBodies, expected: int | None) -> Configuration:
    """Have eight put at once; return what the one that won was answered."""
    outcomes = await asyncio.gather(
        *(ledger.put({"by": number}, expected, bodies) for number in range(8)), return_exceptions=True
    )
    won = [outcome for outcome in outcomes if isinstance(outcome, Configuration)]
    assert len(won) == 1, outcomes
    assert [type(outcome) for outcome in outcomes if outcome not in won] == [PreconditionFailed] * 7
    return won[0]


async def test_of_many_first_puts_at_once_one_wins(ledger: SqlLedger, bodies: SqlConfigurationBodies) -> None:
    won = await race(ledger, bodies, None)

    assert await ledger.get(bodies) == won
    assert await facts_of(ledger.database, ledger.organization_id) == [1]


async def test_of_many_replacements_at_once_one_wins(ledger: SqlLedger, bodies: SqlConfigurationBodies) -> None:
    await ledger.put({}, None, bodies)
    won = await race(ledger, bodies, 1)

    assert won.version == 2
    assert await ledger.get(bodies) == won
    assert await facts_of(ledger.database, ledger.organization_id) == [1, 2]

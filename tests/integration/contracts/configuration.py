"""Configuration commands on a real Postgres, with the bodies wherever a suite keeps them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.postgres.configuration import SqlConfigurationHeads, SqlConfigurationReader
from core.postgres.database import Database
from core.postgres.organizations_reading import SqlMemberReader
from core.postgres.work import SqlWork
from domain.kernel.access import Actor
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, SessionId, UserId, uuid7
from domain.kernel.ports import Clock
from domain.organizations.collecting import ConfigurationCleaner
from domain.organizations.commands.put_configuration import PutConfiguration, PutConfigurationInteractor
from domain.organizations.ports import ConfigurationBodies, ConfigurationReader
from domain.organizations.queries.get_configuration import GetConfiguration, GetConfigurationInteractor
from domain.organizations.repositories import ConfigurationHeads
from domain.organizations.schemas import Configuration
from domain.organizations.speaking import Speaking
from tests.support.databases import patient
from tests.support.memory.events import AllSeeing

SOMEBODY = Actor(UserId(uuid7()), SessionId(uuid7()), None, 0)
PERSON = """
INSERT INTO users (id, email, email_verified, is_active, epoch, created_at, updated_at, version)
VALUES ($1, $1::uuid::text || '@example.com', true, true, 0, now(), now(), 1)
"""
_ANNOUNCED = """
SELECT aggregate_version FROM outbox WHERE organization_id = $1
UNION ALL SELECT aggregate_version FROM events WHERE organization_id = $1 ORDER BY 1
"""


@asynccontextmanager
async def opened(database_url: str, size: int = 10) -> AsyncIterator[Database]:
    database = patient(database_url, size)
    await database.open()
    yield database
    await database.close()


class SystemClock(Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class SqlLedger:
    """An organization of a test's own."""

    database: Database
    organization_id: OrganizationId = field(default_factory=lambda: OrganizationId(uuid7()))

    def __post_init__(self) -> None:
        self.reader: ConfigurationReader = SqlConfigurationReader(self.database)

    async def found(self) -> None:
        """Found the organization."""
        insert = "INSERT INTO organizations VALUES ($1, 'Example', $2, now(), now(), 1)"
        async with self.database.read() as connection:
            await connection.execute(insert, self.organization_id, self.organization_id.hex)

    async def dissolve(self) -> None:
        async with self.database.read() as connection:
            await connection.execute("DELETE FROM organizations WHERE id = $1", self.organization_id)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[SqlWork]:
        work = SqlWork(self.database, SystemClock(), audit_key=b"audit", committed=lambda _: None)
        try:
            yield work
            await work.commit()
        finally:
            await work.rollback()

    @asynccontextmanager
    async def command(self) -> AsyncIterator[tuple[ConfigurationHeads, Events]]:
        async with self.work() as work:
            yield SqlConfigurationHeads(work), work

    async def person(self) -> UserId:
        made = UserId(uuid7())
        async with self.database.read() as connection:
            await connection.execute(PERSON, made)
        return made

    async def mentions(self, user_id: UserId) -> list[int]:
        asked = "SELECT version FROM configuration_people WHERE user_id = $1 ORDER BY version"
        async with self.database.read() as connection:
            return [row["version"] for row in await connection.fetch(asked, user_id)]

    async def put(self, body: dict[str, Any], expected: int | None, bodies: ConfigurationBodies) -> Configuration:
        """Put a document in force for somebody from whom walls hide nothing."""
        message = PutConfiguration(
            organization_id=self.organization_id, namespace="theme", body=body, expected_version=expected
        )
        async with self.command() as (heads, events):
            speaking = Speaking(SqlMemberReader(self.database), AllSeeing())
            answer = PutConfigurationInteractor(self.reader, bodies, heads, speaking, events, SystemClock())
            return await answer(message, SOMEBODY)

    async def get(self, bodies: ConfigurationBodies) -> Configuration:
        answer = GetConfigurationInteractor(self.reader, bodies)
        return await answer(GetConfiguration(organization_id=self.organization_id, namespace="theme"))

    async def announced(self) -> list[int]:
        """Return the versions of all facts, whether or not the sequencer has numbered them yet."""
        async with self.database.read() as connection:
            return [row["aggregate_version"] for row in await connection.fetch(_ANNOUNCED, self.organization_id)]

    def cleaner(self, bodies: ConfigurationBodies) -> ConfigurationCleaner:
        return ConfigurationCleaner(bodies, self.reader, SystemClock())

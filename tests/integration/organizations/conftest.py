"""A migrated database of the suites' own."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from core.postgres.database import Database
from domain.kernel.ids import uuid7
from tests.integration.organizations.ground import EMPTY, SqlGround
from tests.support.databases import sibling


@pytest.fixture(scope="session")
async def organizations_url(postgres_url: str, migrated: str) -> AsyncIterator[str]:
    name = f"organizations_{uuid7().hex}"
    server = await asyncpg.connect(postgres_url)
    await server.execute(f"CREATE DATABASE {name} TEMPLATE {migrated}")
    yield sibling(postgres_url, name)
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


@pytest.fixture
async def ground(organizations_url: str) -> AsyncIterator[SqlGround]:
    """Yield pools on empty tables."""
    database = Database(organizations_url, size=8)
    await database.open()
    async with database.read() as connection:
        await connection.execute(EMPTY)
    yield SqlGround(database)
    await database.close()

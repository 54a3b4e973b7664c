"""A migrated database of the suites' own."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from core.postgres.database import Database
from domain.kernel.ids import uuid7
from tests.integration.belonging.ground import SqlGround
from tests.support.databases import sibling


@pytest.fixture(scope="session")
async def belonging_url(postgres_url: str, migrated: str) -> AsyncIterator[str]:
    name = f"belonging_{uuid7().hex}"
    server = await asyncpg.connect(postgres_url)
    await server.execute(f"CREATE DATABASE {name} TEMPLATE {migrated}")
    yield sibling(postgres_url, name)
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


@pytest.fixture
async def ground(belonging_url: str) -> AsyncIterator[SqlGround]:
    """Yield pools; whoever uses them makes organizations of their own."""
    database = Database(belonging_url, size=8)
    await database.open()
    yield SqlGround(database)
    await database.close()

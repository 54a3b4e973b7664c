"""A migrated database of the transaction's own."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from core.postgres.database import Database, plain
from core.postgres.migrating import upgrade
from domain.kernel.ids import uuid7
from tests.contracts.transaction import Heard
from tests.integration.transaction.ground import THINGS, SqlGround
from tests.support.databases import sibling


@pytest.fixture(scope="session")
async def database_url(postgres_url: str) -> AsyncIterator[str]:
    """Yield the URL of a database with every migration and the table of the suites."""
    name = f"transaction_{uuid7().hex}"
    server = await asyncpg.connect(plain(postgres_url))
    await server.execute(f"CREATE DATABASE {name}")
    url = sibling(postgres_url, name)
    upgrade(url)
    connection = await asyncpg.connect(plain(url))
    await connection.execute(THINGS)
    await connection.close()
    yield url
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Yield pools that give up soon, on empty tables."""
    database = Database(database_url, size=4, wait=0.3, statement_timeout=2.0)
    await database.open()
    async with database.read() as connection:
        await connection.execute("TRUNCATE outbox, audit_pending, jobs, revocations, idempotency_keys, things")
    yield database
    await database.close()


@pytest.fixture
def ground(database: Database) -> SqlGround:
    return SqlGround(database, Heard())

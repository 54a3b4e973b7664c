"""A migrated database of the transaction's own."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from core.postgres.database import Database
from domain.kernel.ids import uuid7
from tests.contracts.transaction import Heard
from tests.integration.transaction.ground import THINGS, SqlGround
from tests.support.databases import sibling
from tests.support.proxies import Line, line


@pytest.fixture(scope="session")
async def database_url(postgres_url: str, migrated: str) -> AsyncIterator[str]:
    """Yield the URL of a database of our own, with every migration and the table of the suites."""
    name = f"transaction_{uuid7().hex}"
    server = await asyncpg.connect(postgres_url)
    await server.execute(f"CREATE DATABASE {name} TEMPLATE {migrated}")
    url = sibling(postgres_url, name)
    connection = await asyncpg.connect(url)
    await connection.execute(THINGS)
    await connection.close()
    yield url
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Yield pools that give up soon, on empty tables."""
    database = Database(database_url, size=4, wait=2.0, statement_timeout=2.0)
    await database.open()
    async with database.read() as connection:
        await connection.execute("TRUNCATE outbox, audit_pending, jobs, revocations, idempotency_keys, things")
    yield database
    await database.close()


@pytest.fixture
def ground(database: Database) -> SqlGround:
    return SqlGround(database, Heard())


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[Line]:
    async with line(database_url) as opened:
        yield opened


@pytest.fixture
async def far(wire: Line, ground: SqlGround) -> AsyncIterator[SqlGround]:
    """Yield the ground at the other end of a line that can go dead; `ground` itself has emptied the tables."""
    database = Database(wire.url, size=4, wait=1.0, statement_timeout=1.0)
    await database.open()
    yield SqlGround(database, Heard())
    wire.thaw()
    await database.close()

"""A migrated database of the transaction's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from core.postgres.database import Database
from domain.kernel.ids import uuid7
from tests.contracts.transaction import Heard
from tests.integration.transaction.ground import THINGS, SqlGround
from tests.support.databases import alone, patient, sibling
from tests.support.proxies import Line, line


@asynccontextmanager
async def emptied(database: Database) -> AsyncIterator[Database]:
    """Open pools for the block, on empty tables."""
    await database.open()
    async with database.read() as connection:
        await connection.execute("TRUNCATE outbox, audit_pending, jobs, revocations, idempotency_keys, things")
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def database_url(postgres_url: str, migrated: str) -> AsyncIterator[str]:
    """Yield the URL of a database of our own, with every migration and the table of the suites."""
    name = f"transaction_{uuid7().hex}"
    server = await asyncpg.connect(postgres_url)
    await alone(server, f"CREATE DATABASE {name} TEMPLATE {migrated}")
    url = sibling(postgres_url, name)
    connection = await asyncpg.connect(url)
    await connection.execute(THINGS)
    await connection.close()
    yield url
    await alone(server, f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Yield pools on empty tables."""
    async with emptied(patient(database_url, 4)) as made:
        yield made


@pytest.fixture
def ground(database: Database) -> SqlGround:
    return SqlGround(database, Heard())


@pytest.fixture
async def impatient(database_url: str) -> AsyncIterator[SqlGround]:
    """Yield a ground that gives up soon."""
    async with emptied(Database(database_url, size=4, wait=3.0, statement_timeout=3.0)) as made:
        yield SqlGround(made, Heard())


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[Line]:
    async with line(database_url) as opened:
        yield opened


@pytest.fixture
async def far(wire: Line, ground: SqlGround) -> AsyncIterator[SqlGround]:
    """Yield the ground at the other end of a line that can go dead; `ground` itself has emptied the tables."""
    database = Database(wire.url, size=4, wait=3.0, statement_timeout=3.0)
    await database.open()
    yield SqlGround(database, Heard())
    wire.thaw()
    await database.close()

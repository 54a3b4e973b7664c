"""What the tests of the log share."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.postgres.database import Database
from tests.support.databases import patient


@pytest.fixture
async def database(fresh_database_url: str) -> AsyncIterator[Database]:
    """Pools on a database of this test's own."""
    made = patient(fresh_database_url)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Any]:
    """One session."""
    made = await database.connect(60)
    yield made
    await made.close()

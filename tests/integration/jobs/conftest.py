"""What the tests of jobs share."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.postgres.database import Database


@pytest.fixture
def database(database_url: str) -> Database:
    """Connections to a database of this test's own."""
    return Database(database_url)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Any]:
    """One session."""
    made = await database.connect()
    yield made
    await made.close()

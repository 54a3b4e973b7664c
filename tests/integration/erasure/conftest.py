"""A migrated database of the erasure's own."""

from collections.abc import AsyncIterator

import pytest

from core.postgres.database import Database
from tests.support.databases import patient


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Yield pools on the shared database: every test makes people of its own."""
    database = patient(database_url, 4)
    await database.open()
    yield database
    await database.close()

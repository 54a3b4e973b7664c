"""A migrated database of the suites' own."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.people.ground import EMPTY, SqlGround
from tests.support.databases import copied, patient


@pytest.fixture(scope="session")
async def people_url(postgres_url: str, migrated: str) -> AsyncIterator[str]:
    async with copied(postgres_url, migrated, "people") as url:
        yield url


@pytest.fixture
async def ground(people_url: str) -> AsyncIterator[SqlGround]:
    """Yield pools on empty tables."""
    database = patient(people_url, 8)
    await database.open()
    async with database.read() as connection:
        await connection.execute(EMPTY)
    yield SqlGround(database)
    await database.close()

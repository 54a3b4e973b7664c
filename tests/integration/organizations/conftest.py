"""A migrated database of the suites' own."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.organizations.ground import EMPTY, SqlGround
from tests.support.databases import copied, patient


@pytest.fixture(scope="session")
async def organizations_url(postgres_url: str, migrated: str) -> AsyncIterator[str]:
    async with copied(postgres_url, migrated, "organizations") as url:
        yield url


@pytest.fixture
async def ground(organizations_url: str) -> AsyncIterator[SqlGround]:
    """Yield pools on empty tables."""
    database = patient(organizations_url, 8)
    await database.open()
    async with database.read() as connection:
        await connection.execute(EMPTY)
    yield SqlGround(database)
    await database.close()

"""A migrated database of the suites' own."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.access.ground import SqlGround
from tests.support.databases import copied, patient


@pytest.fixture(scope="session")
async def access_url(postgres_url: str, migrated: str) -> AsyncIterator[str]:
    async with copied(postgres_url, migrated, "access") as url:
        yield url


@pytest.fixture
async def ground(access_url: str) -> AsyncIterator[SqlGround]:
    """Yield pools on empty tables."""
    database = patient(access_url, 8)
    await database.open()
    made = SqlGround(database)
    await made.empty()
    yield made
    await database.close()

"""A migrated database of the suites' own."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.belonging.ground import SqlGround
from tests.support.databases import copied, patient


@pytest.fixture(scope="session")
async def belonging_url(postgres_url: str, migrated: str) -> AsyncIterator[str]:
    async with copied(postgres_url, migrated, "belonging") as url:
        yield url


@pytest.fixture
async def ground(belonging_url: str) -> AsyncIterator[SqlGround]:
    """Yield pools; whoever uses them makes organizations of their own."""
    database = patient(belonging_url, 8)
    await database.open()
    yield SqlGround(database)
    await database.close()

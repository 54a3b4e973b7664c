"""A migrated database of one test's own, and a receiver beside it."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.webhooks.ground import SqlGround
from tests.support.databases import copied, patient
from tests.support.receiver import Receiver


@pytest.fixture(scope="session")
async def webhooks_url(postgres_url: str, migrated: str) -> AsyncIterator[str]:
    async with copied(postgres_url, migrated, "webhooks") as url:
        yield url


@pytest.fixture
async def ground(webhooks_url: str) -> AsyncIterator[SqlGround]:
    """Yield pools on empty tables."""
    database = patient(webhooks_url, 8)
    await database.open()
    made = SqlGround(database)
    await made.empty()
    yield made
    await database.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Yield an endpoint on the loopback."""
    async with Receiver() as made:
        yield made

"""Two new organizations for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.resources.ground import SqlGround
from tests.support.databases import patient


@pytest.fixture
async def ground(database_url: str) -> AsyncIterator[SqlGround]:
    database = patient(database_url, 8)
    await database.open()
    ground = SqlGround(database)
    await ground.found()
    yield ground
    await database.close()

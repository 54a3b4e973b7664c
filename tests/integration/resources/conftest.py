"""Two new organizations for each test."""

from collections.abc import AsyncIterator

import pytest

from core.postgres.database import Database
from tests.integration.resources.ground import SqlGround


@pytest.fixture
async def ground(database_url: str) -> AsyncIterator[SqlGround]:
    database = Database(database_url, size=8)
    await database.open()
    ground = SqlGround(database)
    await ground.found()
    yield ground
    await database.close()

"""An audit trail on a database of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.postgres.database import Database
from tests.integration.audit.ground import LENGTH, SPACING, Trail


@pytest.fixture(scope="module")
async def trail(postgres_url: str, migrated: str) -> AsyncIterator[Trail]:
    """Yield a trail with a few entries, some of them of the form before, and checkpoints. Do not change it for good."""
    from tests.support.databases import copied  # noqa: PLC0415

    async with copied(postgres_url, migrated, "audit") as url:
        database = Database(url)
        await database.open()
        connection = await database.connect()
        made = Trail(database, connection)
        await made.write(LENGTH // 2, form=1)
        await made.write(LENGTH - LENGTH // 2)
        await made.sign(SPACING)
        yield made
        await connection.close()
        await database.close()


@pytest.fixture
async def own_trail(fresh_database_url: str) -> AsyncIterator[Trail]:
    """Yield an empty trail, to do anything with."""
    database = Database(fresh_database_url)
    await database.open()
    connection: Any = await database.connect()
    yield Trail(database, connection)
    await connection.close()
    await database.close()

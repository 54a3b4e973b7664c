"""An audit trail on a database of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.audit.ground import LENGTH, SPACING, Trail
from tests.support.databases import copied, patient


@pytest.fixture(scope="module")
async def trail(postgres_url: str, migrated: str) -> AsyncIterator[Trail]:
    """Yield a trail with a few entries, some of them of the form before, and checkpoints. Do not change it for good."""
    async with copied(postgres_url, migrated, "audit") as url:
        database = patient(url)
        await database.open()
        connection = await database.connect(60, idle_in_transaction_session_timeout="0")
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
    database = patient(fresh_database_url)
    await database.open()
    connection: Any = await database.connect(60, idle_in_transaction_session_timeout="0")
    yield Trail(database, connection)
    await connection.close()
    await database.close()

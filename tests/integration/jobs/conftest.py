"""What the tests of jobs share."""

from collections.abc import AsyncIterator
from typing import Any

import aio_pika
import pytest

from core.postgres.database import Database
from domain.kernel.ids import uuid7
from tests.support.databases import patient


@pytest.fixture
def database(fresh_database_url: str) -> Database:
    """Connections to a database of this test's own."""
    return patient(fresh_database_url)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Any]:
    """One session."""
    made = await database.connect(60)
    yield made
    await made.close()


@pytest.fixture
async def job_queue(rabbitmq_url: str) -> AsyncIterator[str]:
    """The name of a queue of this test's own; what came of it is removed in the end."""
    queue = f"test-jobs-{uuid7()}"
    yield queue
    async with await aio_pika.connect(rabbitmq_url) as amqp:
        channel = await amqp.channel()
        for name in (queue, f"{queue}.dead"):
            await channel.queue_delete(name)
        await channel.exchange_delete(queue)

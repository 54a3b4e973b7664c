"""What the broker refuses: one event that it will never take, and every event, because a right was taken away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from core.postgres.database import Database
from core.rabbit.errand import Errand
from core.rabbit.parked import parked_events
from core.rabbit.relay import Relay
from domain.kernel.ids import uuid7
from tests.faults.conftest import Cluster
from tests.support.databases import patient
from tests.support.facts import fill, number, state, until
from tests.support.private import PrivateRabbitmq
from tests.support.running import running
from tests.support.subscriber import Subscriber, disorder, subscribed

pytestmark = pytest.mark.faults

SETTLED = "SELECT min(position) = (SELECT max(position) FROM events) FROM delivery_cursors"
SMALL = "application:set_env(rabbit, max_message_size, {size})."


@pytest.fixture
async def connection(cluster: Cluster) -> AsyncIterator[Any]:
    made = await asyncpg.connect(cluster.url)
    yield made
    await made.close()


@asynccontextmanager
async def relaying(cluster: Cluster, subscriber: Subscriber) -> AsyncIterator[Database]:
    """Run a relay in this process."""
    database = patient(cluster.url)
    await database.open()
    async with running(Relay(database, cluster.rabbit.url, Errand(exchange=subscriber.exchange))):
        yield database
    await database.close()


async def test_an_event_that_the_broker_will_never_take_is_parked_and_all_others_arrive(
    cluster: Cluster, connection: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(cluster.rabbit, PrivateRabbitmq)
    await fill(cluster.url, 40, 10)
    person = uuid7()
    stated = [await state(connection, person, version, data={"full_name": "x" * size}) for version, size in WRONG]
    await number(connection)
    await fill(cluster.url, 40, 10)

    async def settled() -> bool:
        return bool(await connection.fetchval(SETTLED))

    await asyncio.to_thread(cluster.rabbit.control, "eval", SMALL.format(size=20_000))
    try:
        async with subscribed(cluster.rabbit.url) as subscriber, relaying(cluster, subscriber) as database:
            await until(settled)
            await until(lambda: arrived(subscriber, 82))
            (parked,) = await parked_events(database, "rabbitmq")
    finally:
        await asyncio.to_thread(cluster.rabbit.control, "eval", SMALL.format(size=134_217_728))
    assert (parked.id, parked.reason) == (stated[1], "the broker closed the channel over it 3 times")
    assert str(stated[1]) not in subscriber.ids
    assert {str(stated[0]), str(stated[2])} <= subscriber.ids
    assert disorder([event for event in subscriber.events if event["subject"] == str(person)]) == 0
    # What was under way with it goes out one by one until it is found: three times for it alone, and some before.
    assert caplog.text.count("the relay starts again") >= 3


WRONG = ((1, 10), (2, 30_000), (3, 10))


async def arrived(subscriber: Subscriber, count: int) -> bool:
    return len(subscriber.ids) == count


async def test_a_right_that_was_taken_away_is_no_fault_of_events(
    cluster: Cluster, connection: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(cluster.rabbit, PrivateRabbitmq)
    await fill(cluster.url, 100, 10)

    async def tried() -> bool:
        return caplog.text.count("the relay starts again") >= 4

    async with subscribed(cluster.rabbit.url) as subscriber:
        await asyncio.to_thread(
            cluster.rabbit.control, "set_permissions", "guest", ".*", "^test-events-.*unrouted$", ".*"
        )
        try:
            async with relaying(cluster, subscriber) as database:
                await until(tried)
                assert not subscriber.messages
                await asyncio.to_thread(cluster.rabbit.control, "set_permissions", "guest", ".*", ".*", ".*")
                await until(lambda: arrived(subscriber, 100))
                assert await parked_events(database, "rabbitmq") == []
        finally:
            await asyncio.to_thread(cluster.rabbit.control, "set_permissions", "guest", ".*", ".*", ".*")
    assert "ACCESS_REFUSED" in caplog.text
    assert disorder(subscriber.events) == 0

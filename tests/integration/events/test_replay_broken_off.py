"""A replay in the middle of which something stops: somebody, the broker, Postgres."""

import asyncio
from typing import Any

import pytest

from core.postgres.database import Database
from core.rabbit.replay import Replay, Stopped
from tests.support.facts import fill, until
from tests.support.kept import course, judged, kept, moved
from tests.support.server import Server

CLASSIC = {"x-queue-type": "classic"}


async def on_disk(rabbit: Server) -> None:
    """Stop and start it: a node of RabbitMQ 3.10 that is killed seconds after its first start may forget its queues."""
    await asyncio.to_thread(rabbit.stop)
    await asyncio.to_thread(rabbit.start)


async def gone_on(replay: Replay, going: asyncio.Task[None], share: int) -> None:
    """Return when so many are confirmed; raise what ended it, if it has ended."""

    async def either() -> bool:
        return going.done() or await moved(replay, share)

    await until(either, 90)
    if going.done():
        await going


async def test_interrupted_it_says_where_to_go_on(database: Database, connection: Any, rabbitmq_url: str) -> None:
    await fill(database.url, 10_000, 100)
    async with kept(rabbitmq_url) as queue:
        replay = Replay(database, rabbitmq_url, queue.name, await course(connection))
        going = asyncio.create_task(replay.run())
        await until(lambda: moved(replay, 300))
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        assert going.cancelled()
        assert 300 <= replay.sent == replay.cursor.position < 10_000
        rest = Replay(database, rabbitmq_url, queue.name, await course(connection, replay.cursor.position))
        await rest.run()
        assert replay.sent + rest.sent == 10_000
        await judged(connection, queue)


@pytest.mark.faults
async def test_e5_a_broker_that_is_killed_in_the_middle_loses_nothing(
    database: Database, connection: Any, private_rabbitmq: Server
) -> None:
    await fill(database.url, 20_000, 100)
    async with kept(private_rabbitmq.url, **CLASSIC) as queue:
        await on_disk(private_rabbitmq)
        replay = Replay(database, private_rabbitmq.url, queue.name, await course(connection))
        going = asyncio.create_task(replay.run())
        for share in (500, 3000):
            await gone_on(replay, going, share)
            await asyncio.to_thread(private_rabbitmq.kill)
            assert not going.done()
            await asyncio.to_thread(private_rabbitmq.start)
        await asyncio.wait_for(going, 120)
        assert (replay.sent, replay.cursor.position) == (20_000, 20_000)
        await judged(connection, queue)


@pytest.mark.faults
async def test_a_broker_that_stays_away_ends_it_with_the_cursor(
    database: Database, connection: Any, private_rabbitmq: Server
) -> None:
    await fill(database.url, 30_000, 100)
    async with kept(private_rabbitmq.url, **CLASSIC) as queue:
        replay = Replay(database, private_rabbitmq.url, queue.name, await course(connection), patience=3)
        going = asyncio.create_task(replay.run())
        await until(lambda: moved(replay, 200))
        await asyncio.to_thread(private_rabbitmq.kill)
        with pytest.raises(Stopped, match="nothing was confirmed for 3 seconds"):
            await asyncio.wait_for(going, 60)
        assert 200 <= replay.sent == replay.cursor.position < 30_000


async def test_postgres_may_be_lost_in_the_middle(database: Database, connection: Any, rabbitmq_url: str) -> None:
    await fill(database.url, 10_000, 100)
    async with kept(rabbitmq_url) as queue:
        replay = Replay(database, rabbitmq_url, queue.name, await course(connection))
        going = asyncio.create_task(replay.run())
        await until(lambda: moved(replay, 300))
        ended = await connection.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'gatewright-replay'"
        )
        await asyncio.wait_for(going, 60)
        assert (ended, replay.sent) == (1, 10_000)
        await judged(connection, queue)

"""What one relay, or one aggregate, cannot do keeps no other from being served."""

import asyncio
from typing import Any

from core.postgres.database import Database
from core.rabbit.errand import Errand
from core.rabbit.relay import Relay
from domain.kernel.ids import uuid7
from tests.support.facts import fill, number, state, until
from tests.support.running import running
from tests.support.subscriber import subscribed

SESSIONS = """
SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()
"""


async def test_others_pass_an_aggregate_that_has_a_backlog(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    """Of one aggregate one event after the other is confirmed; a thousand of them take seconds."""
    await fill(database.url, 3000, 1)
    other = str(await state(connection, uuid7(), 1))
    await number(connection)
    async with subscribed(rabbitmq_url) as subscriber:

        async def arrived() -> bool:
            return other in subscriber.ids

        async with running(Relay(database, rabbitmq_url, Errand(exchange=subscriber.exchange))):
            await until(arrived)
    assert len(subscriber.messages) < 1500


async def test_a_relay_that_cannot_reach_the_broker_takes_no_slots(database: Database, connection: Any) -> None:
    came = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        await asyncio.Event().wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"amqp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    errand = Errand()
    async with running(Relay(database, url, errand)):
        async with asyncio.timeout(20):
            await came.wait()
        assert await connection.fetchval(SESSIONS, errand.name) == 0
    server.close()

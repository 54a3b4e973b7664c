"""A broker whose disk is full: it blocks those who publish. Events wait, and nobody else does."""

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from tests.faults.conftest import LONG, Cluster
from tests.faults.delivering import Writers, judge, prepare
from tests.support.facts import until
from tests.support.private import PrivateRabbitmq

pytestmark = pytest.mark.faults

REACHED = "SELECT min(position) FROM delivery_cursors"
HEAD = "SELECT position FROM log_head"


async def test_e18_events_wait_while_the_disk_of_the_broker_is_full(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    assert isinstance(cluster.rabbit, PrivateRabbitmq)
    database = await prepare(cluster, 1)
    writers = Writers(database, 10**9, 200 if LONG else 40)
    writing = asyncio.create_task(writers.run())
    connection = await asyncpg.connect(cluster.url)

    async def delivered() -> bool:
        return bool(await connection.fetchval(REACHED))

    await until(delivered)
    await asyncio.to_thread(cluster.rabbit.control, "set_disk_free_limit", "1000000GB")
    try:
        before = len(writers.acked)
        reached = await connection.fetchval(REACHED)
        await asyncio.sleep(60 if LONG else 8)  # longer than a relay waits for a broker that does not answer
        waiting = await connection.fetchval(HEAD) - await connection.fetchval(REACHED)
        assert await connection.fetchval(REACHED) <= reached + 256, "no more than was under way"
        assert len(writers.acked) > before
        assert waiting > 0
        record_property("committed meanwhile", len(writers.acked) - before)
    finally:
        await asyncio.to_thread(cluster.rabbit.control, "set_disk_free_limit", "1")
        writers.total = 0
    await connection.close()
    await writing
    await judge(cluster, writers, record_property)

"""Workers that tell webhooks are killed: every event arrives, in order, and is repeated only under its id."""

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.webhooks.schemas import DeliveryState
from tests.integration.webhooks.ground import SqlGround
from tests.support.databases import patient
from tests.support.facts import fill, until
from tests.support.receiver import Receiver, verified
from tests.support.subscriber import disorder

ROOT = Path(__file__).parents[3]
EVENTS, AGGREGATES, KILLS = 150, 25, 3
LEASES_END = "UPDATE webhook_deliveries SET next_at = now() WHERE state = 'waiting' AND claimed"
"""What a minute does; nobody is alive who holds one."""


@pytest.fixture
async def ground(fresh_database_url: str) -> AsyncIterator[SqlGround]:
    database = patient(fresh_database_url)
    await database.open()
    yield SqlGround(database)
    await database.close()


async def test_i7_a_killed_worker_loses_nothing_and_invents_nothing(ground: SqlGround) -> None:
    async with Receiver() as receiver:
        webhook, secret = await ground.webhook(receiver.url())
        await fill(ground.database.url, EVENTS, AGGREGATES)
        for number in range(KILLS):
            seen = len(receiver.received)
            process = await started(ground.database.url)
            try:
                await until(lambda seen=seen: more(receiver, seen + EVENTS // (KILLS + 2)))  # type: ignore[misc]  # mypy sees no default
                await asyncio.sleep(number * 0.003)  # anywhere in what it does
            finally:
                process.kill()
                await process.wait()
            await ground.run(LEASES_END)
        process = await started(ground.database.url)
        try:
            await until(lambda: told(ground), 120)
        finally:
            process.terminate()
            await process.wait()
        delivered = await ground.told(webhook, DeliveryState.DELIVERED)

    assert len(delivered) == len({each["id"] for each in receiver.events}) == EVENTS
    assert {str(each.event_id) for each in delivered} == {each["id"] for each in receiver.events}
    assert disorder(receiver.events) == 0
    assert all(verified(secret, each.headers, each.body) for each in receiver.received)
    assert len(receiver.received) <= EVENTS + KILLS * 48


async def started(url: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.teller_process",
        url,
        cwd=ROOT,
        env={"PYTHONPATH": "src:.:clients/python/src"},
    )


async def more(receiver: Receiver, count: int) -> bool:
    return len(receiver.received) >= min(count, EVENTS)


async def told(ground: SqlGround) -> bool:
    query = "SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered'"
    async with ground.database.read() as connection:
        return bool(await connection.fetchval(query) == EVENTS)

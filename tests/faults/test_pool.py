"""More clients than connections, and clients that leave: nobody waits for ever, and nothing leaks."""

import asyncio
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from tests.faults.test_stalls import DOUBT, Record, people, slowest
from tests.support.facts import until
from tests.support.http import Broken, Response
from tests.support.patient import decided, doubt, watched
from tests.support.service import LONG, PASSWORD, Service, Stack, deployed

pytestmark = pytest.mark.faults

DEADLOCKS: Final = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
HELD: Final = """
SELECT count(*) FROM pg_stat_activity a
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    AND (state <> 'idle' OR EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.granted))
"""
CONNECTED: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
BESIDES: Final = 4
"""Connections of the API beyond its two pools: poke, follower, and one or two that are being replaced."""


async def rename(service: Service, token: str, seconds: float) -> list[Response]:
    """Change a name again and again for so long."""
    answers = []
    until_then = time.monotonic() + seconds
    async with service.caller(token) as call:
        while time.monotonic() < until_then:
            answers.append(await call("PATCH", "/auth/me", {"full_name": "Ada"}))
    return answers


async def test_e17_two_hundred_clients_share_ten_connections(
    stack: Stack, tmp_path: Path, record_property: Record
) -> None:
    async with deployed(stack, tmp_path, DATABASE_POOL_SIZE="10") as service, service.sql() as connection:
        tokens = await people(service, 8)
        async with watched() as machine:
            asking = (rename(service, random.choice(tokens), 60 if LONG else 6) for _ in range(200))
            found = await asyncio.gather(*asking)
        answers = [answer for each in found for answer in each]
        statuses = Counter(each.status for each in answers)
        record_property("statuses", str(statuses))
        record_property("slowest", round(slowest(answers, 1), 2))
        assert await connection.fetchval(DEADLOCKS) == 0
        assert statuses.keys() <= {200, 409, 503}
        assert statuses[200] > 200
        assert all("retry-after" in each.headers for each in answers if each.status == 503)
        assert slowest(answers, 1) <= 5 + machine.late
        await until(lambda: _free(connection))
        await until(lambda: _few(connection))


async def test_e17_who_waits_for_a_lock_is_told_so_and_readers_do_not_wait(
    stack: Stack, tmp_path: Path, record_property: Record
) -> None:
    async with deployed(stack, tmp_path, DATABASE_POOL_SIZE="10") as service, service.sql() as connection:
        (token,) = await people(service, 1)
        async with connection.transaction(), watched() as machine:
            await connection.execute("SELECT FROM users FOR UPDATE")
            waiting = asyncio.gather(*(rename(service, token, 0.5) for _ in range(60)))
            async with service.patient(token) as call:
                reads = [await call("GET", "/auth/sessions") for _ in range(20)]
            answers = [answer for each in await waiting for answer in each]
        record_property("slowest", round(slowest(answers, 1), 2))
        record_property("reads", round(slowest(reads, 1), 3))
        assert {each.status for each in answers} == {503}
        assert slowest(answers, 1) <= 5 + machine.late
        assert {each.status for each in reads} == {200}
        assert call.repeated <= DOUBT * len(reads)
        assert slowest(reads, 0.9) < 1
        async with service.patient(token) as call:
            assert (await call("PATCH", "/auth/me", {"full_name": "Ada"})).status == 200


async def test_e17_clients_that_leave_leave_nothing_behind(service: Service, record_property: Record) -> None:
    token = await service.person("ada@example.org")
    async with service.sql() as connection:
        await until(lambda: _free(connection))
        for _ in range(1000 // 20 if LONG else 100 // 20):
            await asyncio.gather(*(_leave(service, token) for _ in range(20)))
        await until(lambda: _free(connection))
        record_property("connected", await connection.fetchval(CONNECTED))
        await until(lambda: _few(connection))
        found = await asyncio.gather(*(rename(service, token, 0.2) for _ in range(20)))
        answers = [answer for each in found for answer in each]
        assert decided(answers) <= {200, 409}
        assert doubt(answers) < DOUBT
        await until(lambda: _free(connection))


async def _leave(service: Service, token: str) -> None:
    method, path, value = random.choice(
        [
            ("PATCH", "/auth/me", {"full_name": "Ada Lovelace"}),
            ("GET", "/auth/sessions", None),
            ("POST", "/auth/login", {"email": "ada@example.org", "password": PASSWORD}),
            ("POST", "/auth/login", {"email": "ada@example.org", "password": "wrong horse battery staple"}),
        ]
    )
    async with service.caller(token, patience=random.uniform(0.0, 0.08)) as call:
        try:
            await call(method, path, value)
        except (Broken, TimeoutError):
            return


async def _few(connection: Any) -> bool:
    return bool(await connection.fetchval(CONNECTED) <= 20 + BESIDES)


async def _free(connection: Any) -> bool:
    return bool(await connection.fetchval(HELD) == 0)

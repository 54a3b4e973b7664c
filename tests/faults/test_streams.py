"""Streams of events from real processes: readers that leave, fall asleep, or are there when the service stops."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from domain.access.models import SUPERUSER
from domain.kernel.ids import PLATFORM
from tests.support.facts import fill, until
from tests.support.patient import BOUND, PAUSE, unsure, watched
from tests.support.service import Service, Stack, deployed

pytestmark = pytest.mark.faults

GRANT = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at, version)
SELECT gen_random_uuid(), $1, 'user', id, $2, now(), 1 FROM users
"""
PATH = "/auth/events/stream"
MOST = 200
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def root(stack: Stack, folder: Path) -> AsyncIterator[tuple[Service, str]]:
    """Yield a service with one process that answers, and the token of its administrator."""
    async with deployed(stack, folder, WORKERS="1") as service:
        token = await service.person("root@example.com")
        async with service.sql() as connection:
            await connection.execute(GRANT, PLATFORM, SUPERUSER)
        yield service, token


async def opened(service: Service, token: str, limit: int = 2**16) -> Streams:
    """Open a stream, without reading from it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port.number, limit=limit)
    writer.write(f"GET {PATH} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n".encode())
    return reader, writer


async def begun(service: Service, token: str) -> Streams:
    """Open a stream, and return when it has begun."""
    ends = time.monotonic() + BOUND
    while True:
        reader, writer = await opened(service, token)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        if head.startswith(b"HTTP/1.1 200"):
            return reader, writer
        body = await asyncio.wait_for(reader.readuntil(b"}"), 20)
        assert unsure(int(head.split()[1]), body), (head, body)
        assert time.monotonic() < ends
        writer.close()
        await asyncio.sleep(PAUSE)


async def test_it_tells_what_happens_when_it_happens(stack: Stack, tmp_path: Path) -> None:
    async with root(stack, tmp_path) as (service, token):
        await asyncio.to_thread(service.hire)
        reader, writer = await begun(service, token)
        await service.person("ada@example.com")
        told = await asyncio.wait_for(reader.readuntil(b"ada@example.com"), 20)
        assert b"event: identity.user.created" in told
        writer.close()


async def test_who_stops_reading_costs_little_and_holds_nobody_up(stack: Stack, tmp_path: Path) -> None:
    async with root(stack, tmp_path) as (service, token):
        await fill(service.url, 40_000, 1_000)
        (process,) = psutil.Process(service.api.pid).children()
        sleepers = [await begun(service, token) for _ in range(20)]
        before = process.memory_info().rss

        async def asked(count: int) -> None:
            async with service.patient(token) as call:
                for _ in range(count):
                    assert (await call("GET", "/auth/me")).status == 200

        await asyncio.gather(*(asked(20) for _ in range(5)))
        # Twenty readers would be owed some 20 MB each.
        assert process.memory_info().rss - before < 60_000_000
        connection = await asyncpg.connect(service.url)

        async def free() -> bool:
            return not await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'"
                " AND pid <> pg_backend_pid() AND application_name = 'gatewright' AND query LIKE '%events%'"
            )

        # Less than readers may sleep, who would be sent away then.
        await until(free, 20)
        await connection.close()
        for _, writer in sleepers:
            writer.close()


async def test_past_the_bound_readers_are_refused_and_those_who_leave_make_room(stack: Stack, tmp_path: Path) -> None:
    async with root(stack, tmp_path) as (service, token):
        streams = [await begun(service, token) for _ in range(MOST)]
        reader, writer = await opened(service, token)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert head.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in head
        writer.close()
        streams[0][1].close()

        async def room() -> bool:
            reader, writer = await opened(service, token)
            head = await reader.readuntil(b"\r\n\r\n")
            writer.close()
            return head.startswith(b"HTTP/1.1 200")

        await until(room, 20)
        for _, each in streams:
            each.close()


async def test_they_outlive_postgres(stack: Stack, tmp_path: Path) -> None:
    async with root(stack, tmp_path) as (service, token):
        await asyncio.to_thread(service.hire)
        reader, writer = await begun(service, token)
        await asyncio.to_thread(stack.postgres.kill)

        async def refused() -> bool:
            async with service.caller(token) as call:
                return (await call("GET", "/auth/events")).status == 503

        try:
            await until(refused)
        finally:
            await asyncio.to_thread(stack.postgres.start)

        async def back() -> bool:
            async with service.caller(token) as call:
                return (await call("GET", "/auth/events")).status == 200

        await until(back)
        await service.person("ada@example.com")
        told = await asyncio.wait_for(reader.readuntil(b"ada@example.com"), 60)
        assert b"event: end" not in told
        writer.close()


async def test_a_stop_ends_them_at_once_and_properly(stack: Stack, tmp_path: Path) -> None:
    async with root(stack, tmp_path) as (service, token), watched() as machine:
        reader, writer = await begun(service, token)
        stopping = asyncio.create_task(asyncio.to_thread(service.api.stop))
        rest = await asyncio.wait_for(reader.read(), 20)
        assert rest.endswith(b"0\r\n\r\n")
        assert await stopping < 6 + machine.late
        writer.close()

"""Redis takes connections and never answers, or takes none."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.redis.client import Breaker, RedisClients, redis_clients
from core.redis.limits import RedisLimits
from tests.contracts.limits import admitted
from tests.unit.limits.test_local import Hands

SECRET = b"s" * 32
SOON = 5.0
"""Seconds: a wait of 0.1 s once, not 200 times, and room for a busy machine."""


@asynccontextmanager
async def silence() -> AsyncIterator[tuple[str, list[asyncio.StreamWriter]]]:
    """Listen on a port, say nothing; yield its address and the connections made to it."""
    connections: list[asyncio.StreamWriter] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.read()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}", connections
    finally:
        for writer in connections:
            writer.close()
        server.close()


@asynccontextmanager
async def clients(url: str) -> AsyncIterator[RedisClients]:
    """Open clients of `url` for a while."""
    opened = redis_clients(url)
    try:
        yield opened
    finally:
        await opened.close()


async def test_e16_only_one_caller_waits_for_a_redis_that_is_frozen() -> None:
    async with silence() as (url, connections), clients(url) as redis:
        limits = RedisLimits(redis.requests, SECRET)
        began = time.monotonic()
        outcomes = [await admitted(limits, "sign_in", "ada", 5, 60) for _ in range(200)]
        assert sum(outcomes) == 5
        assert time.monotonic() - began < SOON
        assert len(connections) == 1
        assert limits.degraded


async def test_e16_callers_at_once_wait_together_for_a_redis_that_is_frozen() -> None:
    async with silence() as (url, _), clients(url) as redis:
        limits = RedisLimits(redis.requests, SECRET)
        began = time.monotonic()
        outcomes = await asyncio.gather(*(admitted(limits, "sign_in", "ada", 5, 60) for _ in range(200)))
        assert sum(outcomes) == 5
        assert time.monotonic() - began < SOON


async def test_clearing_does_not_wait_for_a_redis_that_is_known_to_be_frozen() -> None:
    async with silence() as (url, connections), clients(url) as redis:
        limits = RedisLimits(redis.requests, SECRET)
        await limits.hit("sign_in", "ada", 1, 60)
        await limits.clear("sign_in", "ada")
        assert await admitted(limits, "sign_in", "ada", 1, 60)
        assert len(connections) == 1


async def test_f11_a_redis_that_is_down_leaves_the_limit_of_this_process(unused_tcp_port: int) -> None:
    async with clients(f"redis://127.0.0.1:{unused_tcp_port}") as redis:
        limits = RedisLimits(redis.requests, SECRET)
        assert sum([await admitted(limits, "sign_in", "ada", 5, 60) for _ in range(20)]) == 5


async def test_an_outage_is_logged_when_it_begins_and_not_again(
    unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Hands()
    async with clients(f"redis://127.0.0.1:{unused_tcp_port}") as redis:
        limits = RedisLimits(redis.requests, SECRET, breaker=Breaker(clock))
        for _ in range(5):
            clock.now += 60
            await limits.hit("sign_in", "ada", 9, 60)
    assert [record.levelname for record in caplog.records if record.name == "core.redis.limits"] == ["WARNING"]


def test_a_breaker_lets_one_in_a_while_try_again() -> None:
    clock = Hands()
    breaker = Breaker(clock, rest=2)
    assert breaker.admits()
    assert breaker.failed()
    assert not breaker.admits()
    clock.now += 2
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    assert not breaker.failed(), "the same outage"
    clock.now += 2
    assert breaker.admits()
    assert breaker.worked()
    assert [breaker.admits() for _ in range(3)] == [True, True, True]
    assert not breaker.worked()

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from secrets import token_bytes
from typing import Self
from urllib.parse import urlsplit

import pytest

from core.redis.client import Breaker, named, pseudonym, redis_clients
from core.redis.limits import RedisLimits
from tests.contracts.limits import LimitsContract, admitted


@pytest.fixture
async def limits(redis_url: str) -> AsyncIterator[RedisLimits]:
    # Patient, because a machine that is busy with tests must not look like an outage.
    clients = redis_clients(redis_url, patience=5)
    limits = RedisLimits(clients.requests, token_bytes(), patience=5)
    yield limits
    assert not limits.degraded, "it was this process that counted, not Redis"
    await clients.close()


class TestRedisLimits(LimitsContract):
    async def test_f11_processes_share_one_count(self, limits: RedisLimits, redis_url: str) -> None:
        others = [redis_clients(redis_url, connections=1, patience=5) for _ in range(4)]
        everyone = [RedisLimits(other.requests, limits.secret, patience=5) for other in others]
        outcomes = await asyncio.gather(
            *(admitted(each, "sign_in", "ada", 50, 60) for each in everyone for _ in range(50))
        )
        assert sum(outcomes) == 50
        assert not await admitted(limits, "sign_in", "ada", 50, 60)
        assert not any(each.degraded for each in everyone)
        for other in others:
            await other.close()

    async def test_counts_again_after_redis_forgot_the_script(self, limits: RedisLimits) -> None:
        await limits.hit("sign_in", "ada", 2, 60)
        await limits.redis.script_flush()
        await limits.hit("sign_in", "ada", 2, 60)
        assert not await admitted(limits, "sign_in", "ada", 2, 60)

    async def test_e13_redis_learns_neither_who_nor_what(self, limits: RedisLimits) -> None:
        await limits.hit("sign_in", "ada@example.com", 2, 60)
        assert await limits.redis.exists(kept(limits, "ada@example.com"))
        assert not [key async for key in limits.redis.scan_iter("*@*")]

    async def test_what_is_kept_ends_with_its_window(self, limits: RedisLimits) -> None:
        await limits.hit("sign_in", "ada", 2, 60)
        assert 30_000 < await limits.redis.pttl(kept(limits)) <= 60_000

    async def test_what_is_over_counts_no_more(self, limits: RedisLimits) -> None:
        for _ in range(2):
            await limits.hit("sign_in", "ada", 3, 60)
        [written, _] = await limits.redis.lrange(kept(limits), 0, -1)
        await limits.redis.lset(kept(limits), 0, str(int(written) - 61_000))
        told = await limits.hit("sign_in", "ada", 3, 60)
        assert told
        assert (told.left, 30 <= told.resets <= 60) == (1, True)

    async def test_f11_without_redis_processes_share_the_limit(self, redis_url: str) -> None:
        clients = redis_clients("redis://127.0.0.1:1/0")
        each = [RedisLimits(clients.requests, token_bytes(), share=4) for _ in range(4)]
        outcomes = [await admitted(one, "sign_in", "ada", 10, 60) for one in each for _ in range(10)]
        assert sum(outcomes) == 8
        assert all(one.degraded for one in each)
        assert await admitted(each[0], "sign_up", "ada", 3, 60), "the least that is admitted is one"
        await clients.close()

    async def test_a_clock_that_was_set_back_shuts_nobody_out(self, limits: RedisLimits) -> None:
        await limits.hit("sign_in", "ada", 1, 60)
        [written] = await limits.redis.lrange(kept(limits), 0, -1)
        await limits.redis.lset(kept(limits), 0, str(int(written) + 3_600_000))
        assert await admitted(limits, "sign_in", "ada", 1, 60)
        assert not await admitted(limits, "sign_in", "ada", 1, 60)


def kept(limits: RedisLimits, key: str = "ada") -> str:
    """Return under which name Redis keeps the attempts of `key` to sign in."""
    return named("limit", pseudonym(limits.secret, "limit", "sign_in", key))


class Tap:
    """Between a client and Redis: passes everything on, or nothing while it is shut."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._open = asyncio.Event()
        self._open.set()
        self._tasks = set[asyncio.Task[None]]()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.url = f"redis://{self._login}127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    @property
    def _login(self) -> str:
        login, at, _ = self._url.netloc.rpartition("@")
        return login + at

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._url.scheme == "unix":
            far, there = await asyncio.open_unix_connection(self._url.path)
        else:
            far, there = await asyncio.open_connection(self._url.hostname, self._url.port)
        for task in (asyncio.create_task(self._pass(reader, there)), asyncio.create_task(self._pass(far, writer))):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
        finally:
            writer.close()


async def test_e16_counts_alone_while_redis_is_frozen_and_together_afterwards(redis_url: str) -> None:
    async with Tap(redis_url) as tap:
        clients = redis_clients(tap.url)
        limits = RedisLimits(clients.requests, token_bytes(), breaker=Breaker(time.monotonic, rest=0.2))
        assert [await admitted(limits, "sign_in", "ada", 3, 60) for _ in range(2)] == [True, True]

        tap.shut()
        answered = []
        for _ in range(20):
            began = time.monotonic()
            answered.append(await admitted(limits, "sign_in", "ada", 3, 60))
            assert time.monotonic() - began < 5
        assert limits.degraded
        assert sum(answered) == 1, "it remembers what it admitted before"

        tap.open()
        async with asyncio.timeout(60):
            while limits.degraded:
                await admitted(limits, "probe", "probe", 1, 1)
                await asyncio.sleep(0.05)
        # From here on a machine that is held up must not look like an outage.
        calm = redis_clients(tap.url, patience=5)
        limits = replace(limits, redis=calm.requests, patience=5)
        await limits.clear("sign_in", "ada")
        assert [await admitted(limits, "sign_in", "ada", 2, 60) for _ in range(3)] == [True, True, False]
        assert not limits.degraded
        await calm.close()
        await clients.close()

"""A restart that nobody notices."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.faults.test_stalls import Record, slowest
from tests.support.facts import until
from tests.support.http import Broken, Caller, Response, Stale
from tests.support.patient import Machine, decided, doubt, watched
from tests.support.service import LONG, PASSWORD, SECRET, Program, Service, Stack, deployed

pytestmark = pytest.mark.faults

STILL = 1.0
"""Seconds. When the machine stands still for longer, two seconds without news, or of waiting for a lock, may be over."""


@dataclass
class Load:
    """A hundred requests a second: half of them on connections of their own, half on connections that are kept."""

    service: Service
    token: str
    answers: list[Response] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    closed: int = 0
    """Connections that the server closed before it read the request; any client asks again (RFC 9112, section 9.3.1)."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Go on for as long as the block, and until the last answer."""
        stop = asyncio.Event()
        tasks = [asyncio.create_task(self._ask(stop, keeps=number % 2 == 0)) for number in range(20)]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    async def _ask(self, stop: asyncio.Event, *, keeps: bool) -> None:
        async with self.service.caller(self.token, keeps=keeps) as call:
            while not stop.is_set():
                await asyncio.sleep(0.2)
                try:
                    self.answers.append(await self._twice(call))
                except (Broken, TimeoutError) as error:
                    self.failures.append(f"{type(error).__name__}: {error}")

    async def _twice(self, call: Caller) -> Response:
        try:
            return await call("GET", "/auth/sessions")
        except Stale:
            self.closed += 1
            return await call("GET", "/auth/sessions")


def children(api: Program) -> set[int]:
    """The processes that answer."""
    return {child.pid for child in psutil.Process(api.pid).children()}


async def test_e15_rolling_restarts_fail_no_request(stack: Stack, tmp_path: Path, record_property: Record) -> None:
    async with deployed(stack, tmp_path, WORKERS="2") as service:
        load = Load(service, await service.person("ada@example.org"))
        async with watched() as machine, load.running():
            for _ in range(20 if LONG else 2):
                await _replace(service.api)
        record_property("answered", len(load.answers))
        record_property("closed", load.closed)
        record_property("slowest", round(slowest(load.answers, 1), 2))
        assert load.failures == []
        assert decided(load.answers) == {200}
        assert excused(load.answers, machine)


def excused(answers: list[Response], machine: Machine) -> bool:
    """Whether each answer tells something, unless the machine stood still for so long that processes may not know."""
    return not doubt(answers) or machine.longest > STILL


async def _replace(api: Program) -> None:
    before = children(api)
    os.kill(api.pid, signal.SIGHUP)

    async def replaced() -> bool:
        now = children(api)
        return len(now) == len(before) and not now & before

    await until(replaced, 90)


async def test_e15_what_has_begun_is_answered_before_it_stops(service: Service, record_property: Record) -> None:
    token = await service.person("ada@example.org")
    async with service.sql() as connection, service.sql() as watcher, watched() as machine:
        async with connection.transaction():
            await connection.execute("SELECT FROM users FOR UPDATE")
            callers = [service.caller(token, keeps=False) for _ in range(10)]
            asked = [asyncio.create_task(call("PATCH", "/auth/me", {"full_name": "Ada"})) for call in callers[:5]]
            login = {"email": "ada@example.org", "password": PASSWORD}
            asked += [asyncio.create_task(call("POST", "/auth/login", login)) for call in callers[5:]]
            await until(lambda: _waiting(watcher))
            stopping = asyncio.create_task(asyncio.to_thread(service.api.stop))
            started = time.monotonic()
            # They have to be waiting still when it has begun to stop, and are told off after two seconds.
            await asyncio.sleep(0.5)
        answers = await asyncio.gather(*asked)
        seconds = await stopping
    record_property("drained", round(seconds, 2))
    assert decided(answers) == {200}
    assert excused(answers, machine)
    assert time.monotonic() - started <= 10 + machine.late


async def _waiting(connection: object) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await connection.fetchval(query) >= 5)  # type: ignore[attr-defined]  # asyncpg has no types


async def test_e15_a_release_that_does_not_start_takes_nobodys_place(stack: Stack, tmp_path: Path) -> None:
    (secret := tmp_path / "secret").write_text(SECRET)
    async with deployed(stack, tmp_path, WORKERS="2", SECRET="", SECRET_FILE=str(secret)) as service:
        token = await service.person("ada@example.org")
        before = children(service.api)
        secret.write_text("{")
        os.kill(service.api.pid, signal.SIGHUP)
        await until(lambda: _said(service, "cannot be replaced"), 60)
        assert before <= children(service.api)
        async with service.patient(token) as call:
            assert (await call("GET", "/auth/sessions")).status == 200
        secret.write_text(SECRET)
        await _replace(service.api)


async def _said(service: Service, words: str) -> bool:
    return words in service.logs

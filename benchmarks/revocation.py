"""Revocation: how long services that verify offline go on accepting what was revoked, healthy and cut off.

Three verifying processes follow one process of the service, and another one revokes. "Accepted after" is the time from
the answer to the command to the last acceptance in any process that one token saw.
"""

import asyncio
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.ground import Ground, Service
from benchmarks.table import Row
from gatewright_verifier.revocations import unset_clock
from tests.support.http import Caller
from tests.support.proxies import line
from tests.support.server import Server
from tests.support.servers import private_redis
from tests.support.verifying import Verifying, verifying

PROCESSES: Final = 3
HEALTHY: Final = 300
CUT: Final = 5
BOUND: Final = 2.0
BATCH: Final = 30
GAP: Final = 0.02
PACE: Final = 0.005
LOAD: Final = 20
"""Verifications beside those of what is being revoked, every `PACE` seconds."""


@dataclass
class Two:
    """Two processes of the service on a Redis of their own; verifiers follow the first, the other revokes."""

    followed: Service
    pid: int
    other: Service
    redis: Server

    def settings(self, address: str = "") -> dict[str, Any]:
        """Return what a verifying process is started with."""
        return {
            "issuer": self.followed.url,
            "audience": "gatewright",
            "address": address or self.followed.url,
            "pace": PACE,
            "load": LOAD,
        }


def run(ground: Ground) -> Iterable[Row]:
    """Start what it takes, and measure."""
    with _two(ground) as two:
        yield from asyncio.run(_measure(two))


@contextmanager
def _two(ground: Ground) -> Iterator[Two]:
    settings = ground.settings
    assert settings.database_url
    with ExitStack() as open_:
        redis = open_.enter_context(private_redis(ground.folder))
        services, pids = [], []
        ports = [ground.port(), ground.port()]
        shared = {
            "GATEWRIGHT_DATABASE_URL": settings.database_url.get_secret_value(),
            "GATEWRIGHT_REDIS_URL": redis.url,
            "GATEWRIGHT_DATA_DIR": str(ground.folder),
            "GATEWRIGHT_ISSUER": f"http://127.0.0.1:{ports[0]}",
            "GATEWRIGHT_REVOCATIONS_PUBLIC": "true",
        }
        open_.enter_context(ground.process(["-m", "api.cli", "worker"], shared))
        for port in ports:
            service = Service(f"http://127.0.0.1:{port}")
            environment = shared | {"GATEWRIGHT_PORT": str(port)}
            ready = f"{service.url}/health/ready"
            process = open_.enter_context(ground.answering(["-m", "api.cli", "serve"], ready, environment))
            services.append(service)
            pids.append(process.pid)
        yield Two(services[0], pids[0], services[1], redis)


async def _measure(two: Two) -> list[Row]:
    rows = []
    async with verifying(PROCESSES, **two.settings()) as processes:
        began, count = unset_clock(), sum(each.verified for each in processes)
        healthy = await _revoked(two, processes, HEALTHY)
        rate = (sum(each.verified for each in processes) - count) / (unset_clock() - began)
        rows.append(_row(f"{PROCESSES} processes, {rate:,.0f} verifications/s in all", healthy, 0.1, "p99 ≤ 100 ms"))
        stopped = [await _stopped(two, processes) for _ in range(CUT)]
        rows.append(_bound("the process that is followed stopped (SIGSTOP)", stopped))
        await asyncio.to_thread(two.redis.kill)
        rows.append(_bound("Redis killed", await _revoked(two, processes, HEALTHY // 3)))
        await asyncio.to_thread(two.redis.start)
    return [*rows, _bound("the network gone", await _gone(two))]


async def _gone(two: Two) -> list[float]:
    found = []
    async with (
        line(two.followed.url) as wire,
        verifying(PROCESSES, **two.settings(wire.url.replace("@", ""))) as processes,
    ):
        for _ in range(CUT):
            watching = await _watch(two, processes)
            wire.freeze()
            found.append(await _unavailable(two, watching, unset_clock()))
            wire.thaw()
            await _refused(watching)
    return found


@dataclass
class Watching:
    """A token, and its number in each process."""

    token: str
    places: list[tuple[Verifying, int]]

    def last(self) -> float:
        """Return when any of them accepted it last."""
        return max(process.tokens[number].last for process, number in self.places)


async def _watch(two: Two, processes: list[Verifying]) -> Watching:
    token = (await asyncio.to_thread(_signed_in, two))["access_token"]
    return Watching(token, [(each, await each.watch(token)) for each in processes])


def _signed_in(two: Two) -> dict[str, Any]:
    return two.other.tokens_at_once(two.other.person())


async def _log_out(two: Two, watching: Watching) -> float:
    """Log out in the other process; return when that was answered."""
    async with Caller(int(two.other.url.rpartition(":")[2]), token=watching.token) as call:
        answer = await call("POST", "/auth/logout")
        assert answer.status == 204, answer
        return unset_clock()


async def _refused(watching: Watching) -> None:
    for process, number in watching.places:
        await process.until(number, "refused")


async def _revoked(two: Two, processes: list[Verifying], count: int) -> list[float]:
    """Return the seconds that each of `count` tokens was accepted after it had been revoked."""
    found: list[float] = []
    while len(found) < count:
        batch = [await _watch(two, processes) for _ in range(min(BATCH, count - len(found)))]
        returned = []
        for watching in batch:
            returned.append(await _log_out(two, watching))
            await asyncio.sleep(GAP)
        for watching, at in zip(batch, returned, strict=True):
            await _refused(watching)
            found.append(max(0.0, watching.last() - at))
    return found


async def _stopped(two: Two, processes: list[Verifying]) -> float:
    watching = await _watch(two, processes)
    os.killpg(two.pid, signal.SIGSTOP)
    try:
        return await _unavailable(two, watching, unset_clock())
    finally:
        os.killpg(two.pid, signal.SIGCONT)
        await _refused(watching)


async def _unavailable(two: Two, watching: Watching, cut: float) -> float:
    """Revoke; return the seconds from the cut to the last acceptance."""
    await _log_out(two, watching)
    for process, number in watching.places:
        await process.until(number, "unavailable")
    return watching.last() - cut


def _row(what: str, seconds: list[float], goal: float, said: str) -> Row:
    return Row("revocation", f"accepted after, {what}", _text(seconds), goal=said, reached=_share(seconds, 99) <= goal)


def _bound(what: str, seconds: list[float]) -> Row:
    goal = f"never past {BOUND:g} s"
    return Row("revocation", f"accepted after, {what}", _text(seconds), goal=goal, reached=max(seconds) <= BOUND)


def _text(seconds: list[float]) -> str:
    p50, p99, most = (1000 * each for each in (_share(seconds, 50), _share(seconds, 99), max(seconds)))
    if len(seconds) <= CUT:
        return f"{p50:.0f} ms, at most {most:.0f} ms (n = {len(seconds)})"
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, at most {most:.1f} ms (n = {len(seconds)})"


def _share(seconds: list[float], percent: int) -> float:
    return sorted(seconds)[min(len(seconds) - 1, len(seconds) * percent // 100)]

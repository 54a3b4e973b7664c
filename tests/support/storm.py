"""More sign-ins at once than anybody can hash, and somebody who only wants to know who they are.

The storm is a process of its own, or its clients would stand in the way of whoever measures.
"""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Final

import psutil

from tests.support.http import Broken, Caller, Response

ROOT: Final = Path(__file__).parents[2]
MEBIBYTE: Final = 1 << 20
PAUSE: Final = 0.02
LOOK: Final = 0.2
UNWILLING: Final = (0.5, 1.5)
"""Seconds after which a client that was turned away tries again: about what `Retry-After` says."""


@dataclass
class Storm:
    """What came of it, from the point of view of those who sign in."""

    statuses: Counter[str] = field(default_factory=Counter)
    silent: int = 0
    """Turned away without `Retry-After`."""
    broken: int = 0


@dataclass
class Calm:
    """What somebody else saw of it meanwhile."""

    took: list[float] = field(default_factory=list)
    """Seconds of each answer of `/auth/me`, sorted."""
    answers: list[Response] = field(default_factory=list)
    most: float = 0.0
    """MiB of the processes that answer."""

    @property
    def p99(self) -> float:
        """Milliseconds."""
        return self.took[len(self.took) * 99 // 100] * 1000


def memory(processes: Sequence[psutil.Process]) -> float:
    """Return the MiB of `processes` that are in memory."""
    return sum(float(each.memory_info().rss) for each in processes) / MEBIBYTE


def family(pid: int) -> list[psutil.Process]:
    """Return a process and its children."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


async def rage(port: int, emails: Sequence[str], password: str, clients: int, seconds: float) -> Storm:
    """Let so many clients sign in over and over."""
    words = [str(port), str(clients), str(seconds), password, *emails]
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.storm", *words, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    found = json.loads(said)
    return Storm(Counter(found["statuses"]), found["silent"], found["broken"])


async def ask(port: int, token: str, seconds: float, processes: Sequence[psutil.Process]) -> Calm:
    """Ask `/auth/me` on one connection again and again."""
    calm, ends, looks = Calm(), perf_counter() + seconds, 0.0
    async with Caller(port, token=token) as call:
        while (started := perf_counter()) < ends:
            calm.answers.append(await call("GET", "/auth/me"))
            calm.took.append(perf_counter() - started)
            if perf_counter() > looks:
                calm.most, looks = max(calm.most, memory(processes)), perf_counter() + LOOK
            await asyncio.sleep(PAUSE)
    calm.took.sort()
    return calm


async def _sign_in(storm: Storm, port: int, body: dict[str, str], ends: float) -> None:
    async with Caller(port) as call:
        while perf_counter() < ends:
            try:
                answer = await call("POST", "/auth/login", body)
            except (Broken, OSError, TimeoutError):
                storm.broken += 1
                continue
            storm.statuses[str(answer.status)] += 1
            if answer.status in {429, 503}:
                storm.silent += "retry-after" not in answer.headers
                await asyncio.sleep(random.uniform(*UNWILLING))


async def _all(port: int, clients: int, seconds: float, password: str, emails: Sequence[str]) -> Storm:
    storm, ends = Storm(), perf_counter() + seconds
    bodies = [{"email": email, "password": password} for email in emails]
    await asyncio.gather(*(_sign_in(storm, port, bodies[each % len(bodies)], ends) for each in range(clients)))
    return storm


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        PORT, CLIENTS, SECONDS, PASSWORD, *EMAILS = sys.argv[1:]
        sys.stdout.write(json.dumps(vars(asyncio.run(_all(int(PORT), int(CLIENTS), float(SECONDS), PASSWORD, EMAILS)))))

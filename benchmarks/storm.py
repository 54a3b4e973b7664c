"""A storm of sign-ins, ten times what can be hashed: others hardly feel it, and memory is bounded."""

import asyncio
import os
from collections.abc import Iterable

from psutil import Process

from benchmarks.ground import PASSWORD, Ground
from benchmarks.table import Row, Spread
from tests.support.storm import Calm, Storm, ask, family, memory, rage

ROUNDS = 3
SECONDS = 8
CLIENTS = 500
PEOPLE = 8
HASH = 19
ROOM = 150


def run(ground: Ground) -> Iterable[Row]:
    """Compare /auth/me in a storm of 500 clients with /auth/me alone."""
    service = ground.service
    emails = [service.person() for _ in range(PEOPLE)]
    token = service.tokens(emails[0])["access_token"]
    port, pid = int(service.url.rpartition(":")[2]), ground.pids[service.url]
    processes = family(pid)
    base, most = memory(processes), 0.0
    idle, stormy, rates, refused = [], [], [], []
    for _ in range(ROUNDS):
        idle.append(asyncio.run(ask(port, token, SECONDS / 2, processes)).p99)
        storm, calm = asyncio.run(_storm(port, processes, emails, token))
        stormy.append(calm.p99)
        rates.append(storm.statuses["200"] / SECONDS)
        refused.append(storm.statuses["503"] / SECONDS)
        most = max(most, calm.most)
    slower = Spread(stormy).over(Spread(idle))
    yield Row(
        "storm",
        f"p99 of GET /auth/me, one connection, beside {CLIENTS} sign-in clients",
        Spread(stormy).text(1, " ms"),
        f"without: {Spread(idle).text(1, ' ms')}",
        slower,
        "≤ 3 x",
        slower.middle <= 3,
    )
    yield Row(
        "storm", "sign-ins at the same time", Spread(rates).text(unit="/s"), f"503: {Spread(refused).text(unit='/s')}"
    )
    bound = base + (os.cpu_count() or 1) * HASH + ROOM
    yield Row(
        "storm",
        "memory (RSS) of the processes that answer, at most",
        f"{most:.0f} MiB",
        f"before: {base:.0f} MiB",
        goal=f"≤ {bound:.0f} MiB",
        reached=most <= bound,
    )


async def _storm(port: int, processes: list[Process], emails: list[str], token: str) -> tuple[Storm, Calm]:
    raging = asyncio.create_task(rage(port, emails, PASSWORD, CLIENTS, SECONDS))
    calm = await ask(port, token, SECONDS, processes)
    return await raging, calm

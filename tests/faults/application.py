"""The application in this process, on real servers, with somebody who sends it what they should not."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import asyncpg
from litestar import Litestar
from prometheus_client import REGISTRY

from api.app import build
from core.keys import Keys
from core.postgres.migrating import upgrade
from core.settings import Settings
from domain.kernel.ids import uuid7
from tests.faults.probing import Prober
from tests.support.client import Client
from tests.support.databases import sibling
from tests.support.service import SECRET, Stack

COUNTS: Final = """
SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM sessions) AS sessions,
       (SELECT count(*) FROM credentials) AS credentials, (SELECT count(*) FROM configuration_versions) AS configurations,
       (SELECT count(*) FROM grants) AS grants, (SELECT count(*) FROM roles) AS roles,
       (SELECT count(*) FROM organizations) AS organizations, (SELECT count(*) FROM outbox) AS facts
"""


@contextmanager
def unmeasured() -> Iterator[None]:
    """Let another application of this process have metrics of its own."""
    aside = list(REGISTRY._collector_to_names)
    for each in aside:
        REGISTRY.unregister(each)
    try:
        yield
    finally:
        for each in list(REGISTRY._collector_to_names):
            REGISTRY.unregister(each)
        for each in aside:
            REGISTRY.register(each)


@asynccontextmanager
async def alive(app: Litestar) -> AsyncIterator[None]:
    """Start and stop `app` in one task, as a server does; a fixture may be taken down by another than set it up."""
    started, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await stop.wait()

    living = asyncio.create_task(live())
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait([living, waiting], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        stop.set()
        await living


@asynccontextmanager
async def probed(stack: Stack, folder: Path) -> AsyncIterator[Prober]:
    """Have an application with an administrator; fail if anything came of the requests that should not."""
    name = f"faults{uuid7().hex}"
    connection = await asyncpg.connect(stack.postgres.url)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    url = sibling(stack.postgres.url, name)
    await asyncio.to_thread(upgrade, url)
    settings = Settings.model_validate(
        {
            "environment": "test",
            "database_url": url,
            "redis_url": stack.redis.url,
            "secret": SECRET,
            "data_dir": folder,
            "sign_up_limit": 0,
            "sign_in_limit": 0,
            "refresh_limit": 0,
            "revoke_limit": 0,
        }
    )
    with unmeasured():
        app = build(settings)
    async with alive(app):
        made = Prober(Client(app))
        await made.open(Keys.read(settings).setup)
        before = await _counts(url)
        made.made.clear()
        yield made
        after = await _counts(url)
    _judge(made, before, after)


async def _counts(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    row = await connection.fetchrow(COUNTS)
    await connection.close()
    return dict(row)


def _judge(prober: Prober, before: dict[str, int], after: dict[str, int]) -> None:
    made = prober.made
    people = made["POST", "/auth/signup"] + made["POST", "/auth/users"]
    assert prober.wrong == [], "\n".join(prober.wrong[:20])
    assert after["users"] - before["users"] == people
    assert after["sessions"] - before["sessions"] == made["POST", "/auth/login"] + made["POST", "/auth/password/change"]
    same = ("configurations", "grants", "roles", "organizations")
    assert [after[name] for name in same] == [before[name] for name in same]

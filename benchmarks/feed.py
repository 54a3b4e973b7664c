"""The feed: how many events one reader gets, over HTTP and as a stream, and what each costs the server."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import uvloop

from benchmarks.ground import Ground
from benchmarks.table import Row, Spread
from domain.access.models import SUPERUSER
from domain.kernel.ids import PLATFORM
from tests.support.facts import fill
from tests.support.http import Caller

ROUNDS: Final = 3
EVENTS: Final = 40_000
PAGE: Final = 1000
GRANT: Final = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at, version)
SELECT gen_random_uuid(), $1, 'user', id, $2, now(), 1 FROM users WHERE email = $3
"""
Read = Callable[[int, str, str], Coroutine[Any, Any, int]]


def run(ground: Ground) -> Iterable[Row]:
    """Read the same stretch of the log in every way, in turn."""
    service = ground.service
    email = service.person()
    cursor, token = uvloop.run(_prepare(ground, email)), service.tokens(email)["access_token"]
    port = urlsplit(service.url).port
    assert port
    ways: dict[str, Read] = {f"pages of {PAGE}": _pages, "a stream": _stream}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    works: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, read in ways.items():
            before, started = ground.work(service.url), perf_counter()
            count = uvloop.run(read(port, token, cursor))
            rates[name].append(count / (perf_counter() - started))
            works[name].append((ground.work(service.url) - before) / count * 1e6)
    for name in ways:
        rate, work = Spread(rates[name]), Spread(works[name])
        yield Row("feed", f"events to one reader, {name}", rate.text(unit="/s"), goal="≥ 20,000/s",
                  reached=rate.middle >= 20_000)  # fmt: skip
        yield Row("feed", "CPU time of the server for each", work.text(1, " µs"))


async def _prepare(ground: Ground, email: str) -> str:
    """Have the reader allowed to read, and the log filled; return the cursor where that begins."""
    url = ground.settings.database_url
    assert url
    address = url.get_secret_value().replace("+asyncpg", "", 1)
    connection = await asyncpg.connect(address)
    await connection.execute(GRANT, PLATFORM, SUPERUSER, email)
    while await connection.fetchval("SELECT count(*) FROM outbox"):  # noqa: ASYNC110 - another process empties it
        await asyncio.sleep(0.05)
    row = await connection.fetchrow("SELECT log_id, position FROM log_head")
    await connection.close()
    await fill(address, EVENTS, 2000)
    return f"{row['log_id']}.{row['position']}"


async def _pages(port: int, token: str, cursor: str) -> int:
    count = 0
    async with Caller(port, token=token) as call:
        while True:
            answer = await call("GET", f"/auth/events?limit={PAGE}&after={cursor}")
            if answer.status != 200:
                raise RuntimeError(f"{answer.status} {answer.body[:500]!r}")
            # Not decoded, which would be the reader's work on the same cores: the cursor is at the end.
            count += answer.body.count(b'"specversion"')
            rest = json.loads(b"{" + answer.body[answer.body.rindex(b'"next"') :])
            cursor = rest["next"]
            if not rest["more"]:
                return count


async def _stream(port: int, token: str, cursor: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    path = f"/auth/events/stream?after={cursor}"
    writer.write(f"GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n".encode())
    count = 0
    async with asyncio.timeout(120):
        while count < EVENTS:
            line = await reader.readline()
            if not line:
                raise RuntimeError("the stream ended early")
            count += line.startswith(b"data: {")
    writer.close()
    return count

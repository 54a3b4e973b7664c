"""A subscriber that comes after a million people have: a snapshot, the feed, and the digest, while others sign up."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import uvloop

from benchmarks.feed import GRANT
from benchmarks.ground import Ground
from benchmarks.table import Row
from domain.access.models import SUPERUSER
from domain.kernel.ids import PLATFORM, uuid7
from tests.support.http import Caller

PEOPLE: Final = 1_000_000
COLUMNS: Final = ("id", "email", "email_verified", "is_active", "epoch", "created_at", "updated_at", "version")
BATCH: Final = 50_000


@dataclass
class Found:
    """What was measured."""

    lines: int = 0
    snapshot: float = 0.0
    digest: float = 0.0
    followed: int = 0
    differing: int = 0
    counted: int = 0
    sign_ups: list[float] = field(default_factory=list)


def run(ground: Ground) -> Iterable[Row]:
    """Load people by COPY, and let a subscriber begin."""
    service = ground.service
    email = service.person()
    found = uvloop.run(_measure(ground, email, service.url))
    slowest = sorted(found.sign_ups)[len(found.sign_ups) * 99 // 100]
    yield Row("late", f"snapshot of {found.lines:,} people", f"{found.snapshot:.1f} s")
    yield Row("late", "its lines", f"{found.lines / found.snapshot:,.0f}/s")
    yield Row("late", f"digest of {found.counted:,} people", f"{found.digest:.1f} s")
    told = f"{found.differing} of 16, {found.followed} events followed"
    yield Row("late", "ranges that differ at the cursor of the digest", told, goal="0", reached=found.differing == 0)
    yield Row("late", f"sign-ups meanwhile: {len(found.sign_ups)}", f"p99 {slowest * 1000:.0f} ms")


async def _measure(ground: Ground, email: str, service: str) -> Found:
    url, port = ground.settings.database_url, urlsplit(service).port
    assert url
    assert port
    connection = await asyncpg.connect(url.get_secret_value().replace("+asyncpg", "", 1))
    await connection.execute(GRANT, PLATFORM, SUPERUSER, email)
    await _load(connection)
    await connection.close()
    found, stop = Found(), asyncio.Event()
    async with Caller(port, keeps=False, patience=120) as call, asyncio.TaskGroup() as others:
        call.token = (await call("POST", "/auth/dev/login", {"email": email})).json()["access_token"]
        others.create_task(_sign_ups(port, found, stop))
        try:
            await _subscribe(call, port, found)
        finally:
            stop.set()
    return found


async def _load(connection: Any) -> None:
    now = await connection.fetchval("SELECT now()")
    # They are as people are who came long ago: what says that access changed is cleaned up after a week.
    await connection.execute("ALTER TABLE users DISABLE TRIGGER USER")
    for _ in range(PEOPLE // BATCH):
        ids = [uuid7() for _ in range(BATCH)]
        rows = [(each, f"{each.hex}@example.com", True, True, 1, now, now, 1) for each in ids]
        await connection.copy_records_to_table("users", records=rows, columns=COLUMNS)
    await connection.execute("ALTER TABLE users ENABLE TRIGGER USER")
    await connection.execute("ANALYZE users")


async def _sign_ups(port: int, found: Found, stop: asyncio.Event) -> None:
    async with Caller(port) as call:
        while not stop.is_set():
            started = perf_counter()
            answer = await call("POST", "/auth/dev/register", {"email": f"{uuid7().hex}@example.com"})
            if answer.status != 201:
                raise RuntimeError(f"{answer.status} {answer.body[:500]!r}")
            found.sign_ups.append(perf_counter() - started)
            await asyncio.sleep(0.05)


async def _subscribe(call: Caller, port: int, found: Found) -> None:
    started = perf_counter()
    cursor, held = await _snapshot(port, str(call.token))
    found.lines, found.snapshot = len(held), perf_counter() - started
    started = perf_counter()
    answer = await call("GET", "/auth/events/digest?kind=user&parts=16")
    if answer.status != 200:
        raise RuntimeError(f"{answer.status} {answer.body[:500]!r}")
    digest = answer.json()
    found.digest, end = perf_counter() - started, int(digest["cursor"].rpartition(".")[2])
    while (left := end - int(cursor.rpartition(".")[2])) > 0:
        part = (await call("GET", f"/auth/events?after={cursor}&limit={min(left, 1000)}")).json()
        for event in part["items"]:
            if event["aggregatetype"] == "user" and event["aggregateversion"] > held.get(event["aggregateid"], 0):
                held[event["aggregateid"]] = event["aggregateversion"]
            found.followed += 1
        cursor = part["next"]
    for each in digest["ranges"]:
        mine = {id_: version for id_, version in held.items() if each["first"] <= id_ <= each["last"]}
        found.counted += each["count"]
        found.differing += (len(mine), _digest(mine)) != (each["count"], each["digest"])


async def _snapshot(port: int, token: str) -> tuple[str, dict[str, int]]:
    """Return the cursor and the versions, by id."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    path = "/auth/events/snapshot?kind=user"
    writer.write(f"GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(repr(head))
    cursor, held, rest, complete = "", dict[str, int](), b"", False
    while size := int(await reader.readline(), 16):
        *lines, rest = (rest + await reader.readexactly(size)).split(b"\n")
        await reader.readexactly(2)
        for line in map(json.loads, lines):
            if "id" in line:
                held[line["id"]] = line["version"]
            cursor, complete = line.get("cursor", cursor), line.get("complete", complete)
    writer.close()
    if not complete:
        raise RuntimeError("the snapshot was cut off")
    return cursor, held


def _digest(versions: dict[str, int]) -> str:
    combined = 0
    for id_, version in versions.items():
        combined ^= int.from_bytes(sha256(f"{id_}:{version}".encode()).digest()[:8], "big")
    return f"{combined:016x}"

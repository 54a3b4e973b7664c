"""A subscriber that comes after a million people have: a snapshot, the feed, and the digest, while others sign up."""

import asyncio
import sqlite3
from collections.abc import Coroutine, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from time import perf_counter
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import uvloop

from benchmarks.feed import GRANT
from benchmarks.ground import Ground
from benchmarks.table import Row
from domain.access.models import SUPERUSER
from domain.kernel.ids import PLATFORM, uuid7
from gatewright_events.comparing import differences
from gatewright_events.consumer import Consumer
from gatewright_events.copying import Copy
from gatewright_events.digests import digest
from gatewright_events.events import Event
from gatewright_events.feed import FeedSubscriber
from gatewright_events.snapshots import GREATEST, LEAST, State
from gatewright_events.sqlite import SqliteInbox
from tests.support.http import Caller

T = TypeVar("T")
PEOPLE: Final = 1_000_000
COLUMNS: Final = ("id", "email", "email_verified", "is_active", "epoch", "created_at", "updated_at", "version")
BATCH: Final = 50_000
PUT: Final = "INSERT OR REPLACE INTO people VALUES (?, ?)"


@dataclass
class Copied:
    """What a subscriber has measured."""

    lines: int = 0
    snapshot: float = 0.0
    counted: int = 0
    digest: float = 0.0
    compared: float = 0.0
    followed: int = 0
    differing: int = 0


def run(ground: Ground) -> Iterable[Row]:
    """Load people by COPY, and let a subscriber begin."""
    service = ground.service
    made, sign_ups = uvloop.run(_measure(ground, service.person(), service.url))
    slowest = sorted(sign_ups)[len(sign_ups) * 99 // 100]
    yield Row("late", f"snapshot of {made.lines:,} people, kept by the kit in SQLite", f"{made.snapshot:.1f} s")
    yield Row("late", "its lines", f"{made.lines / made.snapshot:,.0f}/s")
    yield Row("late", f"digest of {made.counted:,} people", f"{made.digest:.1f} s")
    yield Row("late", "the copy followed up to a digest, and compared with it", f"{made.compared:.1f} s")
    told = f"{made.differing} of 16, {made.followed} events followed"
    yield Row("late", "ranges that differ at the cursor of the digest", told, goal="0", reached=made.differing == 0)
    yield Row("late", f"sign-ups meanwhile: {len(sign_ups)}", f"p99 {slowest * 1000:.0f} ms")


async def _measure(ground: Ground, email: str, service: str) -> tuple[Copied, list[float]]:
    url, port = ground.settings.database_url, urlsplit(service).port
    assert url
    assert port
    connection = await asyncpg.connect(url.get_secret_value().replace("+asyncpg", "", 1))
    await connection.execute(GRANT, PLATFORM, SUPERUSER, email)
    await _load(connection)
    await connection.close()
    sign_ups, stop = list[float](), asyncio.Event()
    async with Caller(port, keeps=False) as call, asyncio.TaskGroup() as others:
        token = (await call("POST", "/auth/dev/login", {"email": email})).json()["access_token"]
        others.create_task(_sign_ups(port, sign_ups, stop))
        try:
            with ProcessPoolExecutor(1, get_context("spawn")) as apart:
                asked = (service, token, str(ground.folder / f"late-{uuid7()}.sqlite3"))
                made = await asyncio.get_running_loop().run_in_executor(apart, _subscriber, *asked)
        finally:
            stop.set()
    return made, sign_ups


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


async def _sign_ups(port: int, sign_ups: list[float], stop: asyncio.Event) -> None:
    async with Caller(port) as call:
        while not stop.is_set():
            started = perf_counter()
            answer = await call("POST", "/auth/dev/register", {"email": f"{uuid7().hex}@example.com"})
            if answer.status != 201:
                raise RuntimeError(f"{answer.status} {answer.body[:500]!r}")
            sign_ups.append(perf_counter() - started)
            await asyncio.sleep(0.05)


def _subscriber(url: str, token: str, path: str) -> Copied:
    """Copy everybody into a database of its own, then compare; in a process of its own, as subscribers are."""
    return uvloop.run(_copy(url, token, path))


async def _copy(url: str, token: str, path: str) -> Copied:
    inbox = SqliteInbox.open(path)
    inbox.database.execute("CREATE TABLE people (id TEXT PRIMARY KEY, email TEXT) WITHOUT ROWID")
    copy, made = Copy("user", _load_one, _ids, _drop), Copied()
    feed = FeedSubscriber(Consumer(inbox, _handle, ("identity.user.*",)), url, token, limit=1000, copies=(copy,))
    made.lines, made.snapshot = await _timed(feed.copy())
    told, made.digest = await _timed(digest(feed.gatewright, "user", LEAST, GREATEST, 16))
    made.counted = sum(each.count for each in told.ranges)
    ranges, made.compared = await _timed(differences(feed, copy))
    made.differing = len(ranges)
    made.followed = inbox.database.execute("SELECT count(*) FROM inbox_seen").fetchone()[0]
    await feed.client.aclose()
    return made


async def _timed(doing: Coroutine[Any, Any, T]) -> tuple[T, float]:
    started = perf_counter()
    return await doing, perf_counter() - started


async def _load_one(person: State, database: sqlite3.Connection) -> None:
    database.execute(PUT, (str(person.id), person.data["email"]))


async def _handle(event: Event, database: sqlite3.Connection) -> None:
    if event.type == "identity.user.created":
        database.execute(PUT, (str(event.aggregate_id), event.data["email"]))


async def _ids(first: UUID, last: UUID, database: sqlite3.Connection) -> Iterable[UUID]:
    rows = database.execute("SELECT id FROM people WHERE id BETWEEN ? AND ?", (str(first), str(last)))
    return [UUID(row[0]) for row in rows]


async def _drop(person: UUID, database: sqlite3.Connection) -> None:
    database.execute("DELETE FROM people WHERE id = ?", (str(person),))

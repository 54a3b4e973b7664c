"""The inbox of the consumer kit in Postgres."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from gatewright_events.comparing import differences
from gatewright_events.consumer import Consumer
from gatewright_events.copying import Copy
from gatewright_events.events import Event
from gatewright_events.feed import FeedSubscriber
from gatewright_events.outcomes import Outcome
from gatewright_events.postgres import PostgresInbox
from gatewright_events.snapshots import State
from gatewright_events.testing import Announcer
from gatewright_events.testing_http import ADDRESS, TOKEN, MemoryGatewright
from inboxes import InboxContract
from tests.support.databases import copied

PUT = "INSERT INTO people VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name"
THERE = "SELECT id FROM people WHERE id BETWEEN $1 AND $2"


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with (
        copied(postgres_url, "template0", "inbox") as url,
        asyncpg.create_pool(url, min_size=0, max_size=8) as made,
    ):
        yield made


class TestPostgres(InboxContract):
    @pytest.fixture
    async def inbox(self, pool: asyncpg.Pool) -> PostgresInbox:
        made = PostgresInbox(pool)
        await made.prepare()
        await made.prepare()
        return made


async def test_what_a_release_before_has_seen_is_taken_to_be_seen_now(pool: asyncpg.Pool) -> None:
    await pool.execute("CREATE TABLE inbox_seen (event_id text PRIMARY KEY); INSERT INTO inbox_seen VALUES ('a')")
    inbox, before = PostgresInbox(pool), datetime.now(UTC) - timedelta(minutes=1)
    for _ in range(2):
        await inbox.prepare()
    await pool.execute("INSERT INTO inbox_seen VALUES ('b')")  # by that release, which still runs
    async with inbox.transaction() as open_:
        assert await open_.prune(before, before) == 0
        assert [await open_.remember(each, before) for each in ("a", "b")] == [False, False]
        soon = datetime.now(UTC) + timedelta(minutes=1)
        assert await open_.prune(soon, soon) == 2


@dataclass
class Stopping:
    """Loads people, and is stopped at some of them."""

    at: set[int]
    loads: int = 0

    async def load(self, state: State, connection: Any) -> None:
        self.loads += 1
        if self.loads in self.at:
            raise TimeoutError("it was stopped")
        await connection.execute(PUT, state.id, state.data["name"])


async def put(event: Event, connection: Any) -> None:
    await connection.execute(PUT, event.aggregate_id, event.data["name"])


async def there(first: UUID, last: UUID, connection: Any) -> list[UUID]:
    return [row["id"] for row in await connection.fetch(THERE, first, last)]


async def drop(id_: UUID, connection: Any) -> None:
    await connection.execute("DELETE FROM people WHERE id = $1", id_)


async def test_i18_processes_that_copy_together_are_complete_though_some_are_stopped(pool: asyncpg.Pool) -> None:
    gatewright, people = MemoryGatewright(), sorted(uuid4() for _ in range(150))
    for person in people:
        gatewright.announce("identity.user.created", person, name="Ada")
    await PostgresInbox(pool).prepare()
    await pool.execute("CREATE TABLE people (id uuid PRIMARY KEY, name text)")
    await pool.execute("INSERT INTO people SELECT gen_random_uuid(), 'nobody' FROM generate_series(1, 20)")
    copy = Copy("user", Stopping({15, 60, 61, 110}).load, there, drop)

    async def process() -> None:
        taking = Consumer(PostgresInbox(pool), put, ("identity.user.*",))
        feed = FeedSubscriber(taking, ADDRESS, TOKEN, gatewright.client(), copies=(copy,), part=7)
        while True:
            with suppress(TimeoutError):
                await feed.catch_up()
                return

    async def go_on(path: str) -> None:
        if path == "/snapshot" and len(gatewright.asked) % 5 == 0:
            gatewright.announce("identity.user.updated", people[len(gatewright.asked)], name="Eve")
            gatewright.announce("identity.user.created", uuid4(), name="Bob")

    gatewright.after = go_on
    await asyncio.gather(*(process() for _ in range(4)))

    kept = dict(await pool.fetch("SELECT id, name FROM people"))
    assert {UUID(str(id_)): name for id_, name in kept.items()} == {
        each.id: each.data["name"] for each in gatewright.states.values()
    }
    assert await pool.fetchval("SELECT count(*) FROM inbox_letters") == 0
    feed = FeedSubscriber(Consumer(PostgresInbox(pool), put), ADDRESS, TOKEN, gatewright.client(), copies=(copy,))
    assert await differences(feed, copy) == []
    await pool.execute("DELETE FROM people WHERE id = $1", people[0])
    assert len(await differences(feed, copy)) == 1


async def test_i18_of_many_processes_one_handles_an_event_and_in_order(pool: asyncpg.Pool) -> None:
    await PostgresInbox(pool).prepare()
    await pool.execute("CREATE TABLE steps (aggregate uuid, version bigint, n bigserial)")

    async def handle(event: Event, connection: Any) -> None:
        await connection.execute("INSERT INTO steps VALUES ($1, $2)", event.aggregate_id, event.aggregate_version)

    announcer, people = Announcer(), [uuid4() for _ in range(4)]
    events = [announcer.announce("identity.user.updated", people[n % 4]) for n in range(40)]
    # Each has a lock of its own, so only the database keeps them apart.
    processes = [Consumer(PostgresInbox(pool), handle) for _ in range(4)]
    outcomes = await asyncio.gather(*(each.take(event) for event in reversed(events) for each in processes))

    counted = Counter(outcomes)
    assert counted[Outcome.REPEATED] == 3 * len(events)
    for person in people:
        found = await pool.fetch("SELECT version FROM steps WHERE aggregate = $1 ORDER BY n", person)
        assert [row["version"] for row in found] == list(range(1, 11))

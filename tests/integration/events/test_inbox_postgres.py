"""The inbox of the consumer kit in Postgres."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from gatewright_events.consumer import Consumer, Outcome
from gatewright_events.events import Event
from gatewright_events.postgres import PostgresInbox
from gatewright_events.testing import Announcer
from inboxes import InboxContract
from tests.support.databases import copied


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

"""Consumers of the kit after the log was restored: beside a queue, which tells nobody, and on an inbox that many share."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.kernel.ids import uuid7
from gatewright_events.consumer import Consumer
from gatewright_events.events import Event
from gatewright_events.feed import FeedSubscriber
from gatewright_events.forgetting import renew
from gatewright_events.inbox import Transaction
from gatewright_events.outcomes import Order
from gatewright_events.postgres import PostgresInbox
from gatewright_events.rabbitmq import OFTEN, RabbitSubscriber
from gatewright_events.testing import Announcer, MemoryInbox
from gatewright_events.testing_http import ADDRESS, TOKEN, MemoryGatewright
from tests.support.databases import copied
from tests.support.facts import until
from tests.support.running import running
from tests.support.subscriber import lent, published

UPDATED = "identity.user.updated"


def log(name: str, before: list[dict[str, Any]]) -> tuple[Announcer, MemoryGatewright]:
    """Return who goes on announcing after a backup with these events was restored, and what serves the feed."""
    announcer = Announcer(f"https://{name}.example.com")
    for event in before:
        announcer.announce(event["type"], UUID(event["aggregateid"]))
    return announcer, MemoryGatewright(name, events=[*before])


@dataclass
class Desk:
    """A subscriber with a queue of its own, which also reads the feed."""

    url: str
    order: Order
    handled: list[tuple[int, str]] = field(default_factory=list)
    connected: list[int] = field(default_factory=list)
    passed: float = 0.0

    def __post_init__(self) -> None:
        self.name, self.ada = f"test-restored-{uuid7()}", uuid4()
        self.announcer, self.gatewright = Announcer("https://one.example.com"), MemoryGatewright("one")
        self.gatewright.events = [self.announcer.announce(UPDATED, self.ada) for _ in range(5)]
        self.consumer = Consumer(MemoryInbox(), self.handle, order=self.order)
        feed = FeedSubscriber(self.consumer, ADDRESS, TOKEN, self.gatewright.client())
        self.subscriber = RabbitSubscriber(
            self.consumer,
            self.url,
            self.name,
            self.name,
            feed,
            ready=self.connected.append,
            monotonic=lambda: self.passed,
        )

    async def handle(self, event: Event, _: Any) -> None:
        self.handled.append((event.aggregate_version, event.source))

    async def ready(self) -> bool:
        return bool(self.connected)

    async def has_handled(self, count: int) -> bool:
        return len(self.handled) + len(await self.consumer.letters()) >= count


@pytest.fixture(params=list(Order))
async def desk(rabbitmq_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    made = Desk(rabbitmq_url, request.param)
    async with lent(rabbitmq_url, made.name):
        yield made


async def test_what_a_queue_brings_of_a_log_that_was_restored_is_neither_a_letter_nor_dropped(desk: Desk) -> None:
    async with running(desk.subscriber):
        await until(desk.ready)
        desk.passed += OFTEN.total_seconds() / 2
        announcer, restored = log("two", desk.gatewright.events[:2])
        new = [announcer.announce(UPDATED, desk.ada) for _ in range(4)]
        desk.gatewright.log, desk.gatewright.events = restored.log, restored.events + new
        await published(desk.url, desk.name, *new)
        await until(lambda: desk.has_handled(9))
    old = [(n, "https://one.example.com") for n in range(1, 6)]
    assert desk.handled == [*old, *((n, "https://two.example.com") for n in range(3, 7))]
    assert not await desk.consumer.letters()


async def test_what_comes_late_of_the_same_log_is_told_as_ever(desk: Desk) -> None:
    late, *_ = desk.gatewright.events
    desk.gatewright.events = desk.gatewright.events[1:]
    async with running(desk.subscriber):
        await until(desk.ready)
        desk.passed += OFTEN.total_seconds() / 2
        asked = len(desk.gatewright.asked)
        await published(desk.url, desk.name, late, desk.announcer.announce(UPDATED, desk.ada))
        await until(lambda: desk.has_handled(6 if desk.order is Order.COMPLETE else 5))
        assert len(desk.gatewright.asked) == asked + 1
    assert [version for version, _ in desk.handled] == [2, 3, 4, 5, 6]
    assert len(await desk.consumer.letters()) == (1 if desk.order is Order.COMPLETE else 0)


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with (
        copied(postgres_url, "template0", "restored") as url,
        asyncpg.create_pool(url, min_size=0, max_size=12) as made,
    ):
        await PostgresInbox(made).prepare()
        await made.execute("CREATE TABLE handled (person uuid, version int, log text)")
        yield made


async def handle(event: Event, database: Any) -> None:
    row = event.aggregate_id, event.aggregate_version, event.source
    await database.execute("INSERT INTO handled VALUES ($1, $2, $3)", *row)


async def test_of_many_processes_on_one_inbox_one_handles_what_is_new(pool: asyncpg.Pool) -> None:
    people = [uuid4() for _ in range(20)]
    first, one = log("one", [])
    one.events += [first.announce(UPDATED, people[n % 20]) for n in range(100)]

    def process(of: MemoryGatewright) -> FeedSubscriber[Any]:
        return FeedSubscriber(Consumer(PostgresInbox(pool), handle), ADDRESS, TOKEN, of.client(), limit=7)

    await process(one).catch_up()
    second, two = log("two", one.events[:60])
    new = [second.announce(UPDATED, people[n % 20]) for n in range(80)]
    two.events += new

    async def turns(_: str) -> None:
        await asyncio.sleep(0)

    two.after = turns
    # Whoever learns of it first begins anew, while the others go on.
    await asyncio.gather(*(process(two).catch_up() for _ in range(4)))

    handled = [tuple(row) for row in await pool.fetch("SELECT person, version, log FROM handled")]
    told = [(UUID(each["aggregateid"]), each["aggregateversion"], each["source"]) for each in [*one.events, *new]]
    assert sorted(handled) == sorted(told)
    assert await pool.fetchval("SELECT count(*) FROM inbox_letters") == 0


async def test_who_waits_for_the_versions_to_be_forgotten_handles_nothing_of_the_log_of_before(
    pool: asyncpg.Pool,
) -> None:
    inbox, ada, announcer = PostgresInbox(pool), uuid4(), Announcer()
    consumer = Consumer(inbox, handle)
    events = [announcer.announce(UPDATED, ada) for _ in range(2)]
    await consumer.take(events[0])

    async def still(open_: Transaction[Any]) -> None:
        if await open_.cursor():
            raise LookupError("the place was moved")

    async def is_held_up() -> bool:
        return bool(await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    async with inbox.transaction() as open_:
        await renew(open_, datetime.now(UTC))
        await open_.move("two.0")
        taking = asyncio.create_task(consumer.take(events[1], in_order=True, still=still))
        await until(is_held_up)
    with pytest.raises(LookupError):
        await taking
    assert await pool.fetchval("SELECT count(*) FROM handled") == 1

"""What the kit does with messages that cannot be taken for now, on a real broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika
import pytest

from domain.kernel.ids import uuid7
from gatewright_events import rabbitmq
from gatewright_events.consumer import Consumer
from gatewright_events.events import Event
from gatewright_events.outcomes import Later
from gatewright_events.rabbitmq import DELIVERIES, RabbitSubscriber
from gatewright_events.testing import MemoryInbox, MemoryTransaction
from tests.support.builders.people import person_event
from tests.support.facts import until
from tests.support.running import running
from tests.support.subscriber import lent, published

MORE = DELIVERIES + 5


@dataclass
class Failing(MemoryInbox):
    """A store that is away for some transactions, or cannot keep one event."""

    away: int = 0
    bad: str = ""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        self.away -= 1
        if self.away > 0:
            raise OSError("the store is away")
        async with super().transaction() as open_:
            yield open_
            if self.bad in open_.state.seen:
                raise OSError("the store cannot keep it")


@dataclass
class Desk:
    """A subscriber of two events, whose handler may have them come later."""

    url: str
    later: int = 0
    inbox: Failing = field(default_factory=Failing)
    handled: list[int] = field(default_factory=list)
    connected: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = f"test-held-{uuid7()}"
        person = uuid7()
        self.events = [person_event("created", person, 1), person_event("updated", uuid7(), 1)]
        self.subscriber = RabbitSubscriber(
            Consumer(self.inbox, self.handle), self.url, self.name, self.name, ready=self.connected.append
        )

    async def handle(self, _: Event, __: Any) -> None:
        if self.later:
            self.later -= 1
            raise Later
        self.handled.append(1)

    async def ready(self) -> bool:
        return bool(self.connected)

    async def done(self) -> bool:
        return len(self.handled) >= 2 or bool(await self.waiting(".dead"))

    async def waiting(self, suffix: str = "") -> int:
        async with await aio_pika.connect(self.url) as amqp:
            queue = await (await amqp.channel()).declare_queue(self.name + suffix, passive=True)
        return queue.declaration_result.message_count or 0


@pytest.fixture
async def desk(rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(rabbitmq, "PAUSE", 0.001)
    monkeypatch.setattr(rabbitmq, "MOST_PAUSE", 0.01, raising=False)
    made = Desk(rabbitmq_url)
    async with lent(rabbitmq_url, made.name):
        yield made


@asynccontextmanager
async def consuming(desk: Desk) -> AsyncIterator[None]:
    """Let it consume, with both events published."""
    async with running(desk.subscriber):
        await until(desk.ready)
        await published(desk.url, desk.name, *desk.events)
        yield


async def test_i18_an_event_that_comes_later_comes_again_and_again(desk: Desk) -> None:
    desk.later = MORE
    async with consuming(desk):
        await until(desk.done)
    assert (desk.handled, len(desk.connected)) == ([1, 1], 1)
    assert [await desk.waiting(end) for end in ("", ".dead")] == [0, 0]


async def test_i18_a_store_that_is_away_costs_no_delivery(desk: Desk) -> None:
    desk.inbox.away = 4 * MORE
    async with consuming(desk):
        await until(desk.done)
    assert (desk.handled, len(desk.connected)) == ([1, 1], 1)
    assert [await desk.waiting(end) for end in ("", ".dead")] == [0, 0]


async def test_i18_what_the_store_cannot_keep_stops_nobody(desk: Desk) -> None:
    desk.inbox.bad = desk.events[0]["id"]
    async with consuming(desk):

        async def set_aside() -> bool:
            return await desk.waiting(".dead") == 1 and desk.events[1]["id"] in desk.inbox.state.seen

        await until(set_aside)
    assert desk.events[0]["id"] not in desk.inbox.state.seen

"""The example, as the process that it is, on a real broker."""

import asyncio
import json
import os
import random
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from core.rabbit.topology import broker
from domain.events.schemas import CloudEvent
from domain.kernel.ids import uuid7
from tests.support.builders.people import person_event
from tests.support.facts import until
from tests.support.feed_server import TOKEN, feed_server
from tests.support.memory.events import MemoryEventLog

ROOT = Path(__file__).parents[3]


@dataclass
class Service:
    """A running `examples.user_service`, with names of its own at the broker."""

    amqp: str
    folder: Path
    name: str = field(default_factory=lambda: f"test-users-{uuid7()}")
    process: Process | None = None
    lines: list[str] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "users.sqlite3"

    async def start(self, **settings: str) -> None:
        """Start it, and return when it consumes."""
        chosen = {
            "AMQP_URL": self.amqp,
            "QUEUE": self.name,
            "EVENTS_EXCHANGE": self.name,
            "DATABASE": str(self.database),
        }
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "examples.user_service",
            cwd=ROOT,
            stdout=PIPE,
            env={**os.environ, **chosen, **settings},
        )
        ready = len(self.lines)
        self.reading = asyncio.create_task(self._read(self.process))
        await until(lambda: self.says("ready", since=ready))

    async def _read(self, process: Process) -> None:
        assert process.stdout
        async for line in process.stdout:
            self.lines.append(line.decode().strip())

    async def says(self, text: str, since: int = 0) -> bool:
        return text in self.lines[since:]

    async def stop(self, *, kill: bool = False) -> int:
        """Stop it and return its exit code."""
        assert self.process
        if self.process.returncode is None:
            (self.process.kill if kill else self.process.terminate)()
        code = await asyncio.wait_for(self.process.wait(), 60)
        await self.reading
        return code

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database, timeout=60)) as database:
            return database.execute(query).fetchall()


@pytest.fixture
async def service(rabbitmq_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    made = Service(rabbitmq_url, tmp_path)
    async with broker(rabbitmq_url, made.name):
        yield made
    if made.process:
        await made.stop()
    async with await aio_pika.connect(rabbitmq_url) as amqp:
        channel = await amqp.channel()
        for queue in (made.name, f"{made.name}.dead", f"{made.name}.unrouted"):
            await channel.queue_delete(queue)
        for exchange in (made.name, f"{made.name}.dead", f"{made.name}.unrouted"):
            await channel.exchange_delete(exchange)


@asynccontextmanager
async def channel_of(service: Service) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    async with await aio_pika.connect(service.amqp) as amqp:
        yield await amqp.channel()


async def publish(service: Service, events: Iterable[CloudEvent | bytes]) -> None:
    """Publish as the relay does: confirmed, persistent, routed by type; anything that is no event as a creation."""
    async with channel_of(service) as channel:
        exchange = await channel.get_exchange(service.name, ensure=False)
        for event in events:
            body, kind = (
                (event, "identity.user.created")
                if isinstance(event, bytes)
                else (json.dumps(event).encode(), event["type"])
            )
            await exchange.publish(aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT), kind)


async def inbox(service: Service, count: int) -> bool:
    return service.rows("SELECT count(*) FROM inbox_seen") == [(count,)]


async def test_it_prints_a_line_for_each_new_person(service: Service) -> None:
    await service.start()
    person = uuid7()
    event = person_event("created", person, 1)
    await publish(service, [event, event, person_event("updated", person, 2)])
    await until(lambda: inbox(service, 2))
    await until(lambda: service.says(f"UserCreated {person} ada@example.org"))
    assert sum(line.startswith("UserCreated") for line in service.lines) == 1
    assert await service.stop() == 0


async def test_i18_disorder_repetitions_poison_and_crashes_leave_it_right(service: Service) -> None:
    people = [uuid7() for _ in range(40)]
    story = ["created", "updated", "updated", "deactivated", "reactivated", "updated"]
    events = [
        person_event(what, person, version, f"{version}@example.org")
        for person in people
        for version, what in enumerate(story, 1)
    ]
    chance = random.Random(7)
    poison = [
        b"",
        b"\xff",
        b"{}",
        b"[" * 50_000,
        json.dumps({**person_event("created", uuid7(), 1), "data": {}}).encode(),
    ]
    sent: list[CloudEvent | bytes] = [*events, *chance.sample(events, 80), *poison]
    chance.shuffle(sent)
    await service.start()
    for start in range(0, len(sent), 80):
        await publish(service, sent[start : start + 80])
        if start < 160:
            await service.stop(kill=True)
            await service.start()
    await until(lambda: inbox(service, len(events) + 1), 40)
    await until(lambda: letters(service, len(poison)))
    await until(lambda: nothing_waits(service))  # what was seen early is handled after what it waited for
    assert service.rows("SELECT DISTINCT email, full_name, is_active FROM users") == [("6@example.org", "Ada 6", 1)]
    assert service.rows("SELECT count(*) FROM users") == [(len(people),)]


async def nothing_waits(service: Service) -> bool:
    return service.rows("SELECT count(*) FROM inbox_waiting") == [(0,)]


async def letters(service: Service, count: int) -> bool:
    return service.rows("SELECT count(*) FROM inbox_letters") == [(count,)]


async def test_i18_poison_is_put_aside_after_five_attempts_and_says_why(service: Service) -> None:
    await service.start()
    person = uuid7()
    poison = {**person_event("created", uuid7(), 1), "data": {}}
    await publish(service, [b"no event", json.dumps(poison).encode(), person_event("created", person, 1)])
    await until(lambda: inbox(service, 2))
    await until(lambda: letters(service, 2))
    assert service.rows("SELECT body, reason, attempts FROM inbox_letters ORDER BY attempts") == [
        ("no event", "it cannot be read: JSONDecodeError", 1),
        (json.dumps(poison), "KeyError: 'email'", 5),
    ]
    async with channel_of(service) as channel:
        queue = await channel.declare_queue(service.name, passive=True)
    assert queue.declaration_result.message_count == 0


async def test_i18_what_ends_the_process_again_and_again_is_put_aside_by_the_broker(service: Service) -> None:
    await service.start()
    async with channel_of(service) as channel:
        queue = await channel.declare_queue(f"{service.name}.dead", passive=True)
        assert queue.declaration_result.message_count == 0
        await service.stop()
        exchange = await channel.get_exchange(service.name, ensure=False)
        await exchange.publish(aio_pika.Message(b"no event"), "identity.user.created")
        mine = await channel.declare_queue(service.name, passive=True)

        async def fell() -> bool:
            # What a process that died leaves behind: the message goes back, one delivery more.
            if message := await mine.get(fail=False):
                await message.nack(requeue=True)
            return await dead(service, 1)

        await until(fell)


async def dead(service: Service, count: int) -> bool:
    async with channel_of(service) as channel:
        queue = await channel.declare_queue(f"{service.name}.dead", passive=True)
    return queue.declaration_result.message_count == count


async def test_it_copies_what_was_before_its_queue_and_catches_up_later(service: Service) -> None:
    log = MemoryEventLog()
    people = [uuid7() for _ in range(450)]
    for person in people:
        await log.append(person_event("created", person, 1))
    async with feed_server(log) as url:
        settings = {"GATEWRIGHT_URL": url, "GATEWRIGHT_TOKEN": TOKEN}
        await service.start(**settings)
        assert service.lines == ["caught up: 0 new events", "ready"]
        assert service.rows("SELECT count(*) FROM users") == [(len(people),)]
        await log.append(person_event("updated", people[0], 2, "new@example.org"))
        await publish(service, log.events[-2:])
        await until(lambda: inbox(service, 1))
        await service.stop()
        await log.append(person_event("created", uuid7(), 1))
        await service.start(**settings)
        assert service.lines[-2:] == ["caught up: 1 new events", "ready"]
        await service.stop()
        log.log = uuid7()
        await service.start(**settings)
        assert service.lines[-2:] == ["caught up: 0 new events", "ready"]
        assert service.rows("SELECT count(*) FROM users") == [(len(people) + 1,)]
    assert not service.rows("SELECT * FROM inbox_letters")
    assert service.rows(f"SELECT email FROM users WHERE user_id = '{people[0]}'") == [("new@example.org",)]

"""An event that ends the process of the kit is put aside, and nothing else is, by whatever way it comes."""

import asyncio
import os
import sqlite3
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import aio_pika
import pytest

from domain.kernel.ids import uuid7
from tests.support.builders.people import person_event
from tests.support.deadly_process import DEADLY
from tests.support.facts import until
from tests.support.feed_server import feed_server
from tests.support.memory.events import MemoryEventLog
from tests.support.subscriber import lent, published

ROOT = Path(__file__).parents[3]
EMAILS = [*["ada@example.org"] * 10, DEADLY, *["bob@example.org"] * 20]


@dataclass
class Desk:
    """A consumer that is started whenever it ended, with a queue and an exchange of its own."""

    amqp: str
    database: Path
    name: str = field(default_factory=lambda: f"test-deadly-{uuid7()}")
    process: Process | None = None

    def __post_init__(self) -> None:
        self.events = [person_event("created", uuid7(), 1, email) for email in EMAILS]

    @property
    def deadly(self) -> str:
        return self.events[EMAILS.index(DEADLY)]["id"]

    async def start(self, **settings: str) -> None:
        chosen = {"DATABASE": str(self.database), "QUEUE": self.name, **settings}
        words = (sys.executable, "-m", "tests.support.deadly_process")
        self.process = await asyncio.create_subprocess_exec(*words, cwd=ROOT, env={**os.environ, **chosen})

    async def stop(self) -> None:
        if self.process:
            self.process.terminate()
            await self.process.wait()

    async def publish(self) -> None:
        await published(self.amqp, self.name, *self.events)

    async def consumes(self) -> bool:
        """Whether the consumer is there: it declares its queue, then binds it, then takes from it."""
        async with await aio_pika.connect(self.amqp) as amqp:
            try:
                queue = await (await amqp.channel()).declare_queue(self.name, passive=True)
            except aio_pika.exceptions.ChannelNotFoundEntity:
                return False
        return bool(queue.declaration_result.consumer_count)

    async def dead(self) -> int:
        """Count what the broker has put aside."""
        async with await aio_pika.connect(self.amqp) as amqp:
            queue = await (await amqp.channel()).declare_queue(f"{self.name}.dead", passive=True)
        return queue.declaration_result.message_count or 0

    def rows(self, query: str) -> list[tuple[str, ...]]:
        """Ask the consumer's database, which may have no tables yet."""
        with closing(sqlite3.connect(self.database)) as database:
            try:
                return database.execute(query).fetchall()
            except sqlite3.OperationalError:
                return []

    @property
    def handled(self) -> set[str]:
        return {row[0] for row in self.rows("SELECT id FROM handled")}

    @property
    def letters(self) -> list[tuple[str, ...]]:
        return self.rows("SELECT id, attempts FROM inbox_letters")

    async def one_is_dead(self) -> bool:
        return await self.dead() == 1

    async def all_settled(self) -> bool:
        return len(self.handled) + len(self.letters) + await self.dead() >= len(EMAILS)

    async def all_in_the_inbox(self) -> bool:
        return len(self.handled) + len(self.letters) >= len(EMAILS)


@pytest.fixture
async def desk(rabbitmq_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(rabbitmq_url, tmp_path / "inbox.sqlite3")
    async with lent(rabbitmq_url, made.name):
        yield made
        await made.stop()


async def test_i18_what_ends_the_process_takes_no_other_message_along(desk: Desk) -> None:
    await desk.start(AMQP_URL=desk.amqp)
    await until(desk.consumes)
    await desk.publish()
    await until(desk.all_settled, 120)
    assert desk.handled == {each["id"] for each in desk.events} - {desk.deadly}
    await until(desk.one_is_dead)
    assert desk.letters == []


@pytest.mark.parametrize("ways", [("GATEWRIGHT_URL",), ("GATEWRIGHT_URL", "AMQP_URL")], ids=["feed", "both"])
async def test_i18_what_ends_the_process_when_it_is_read_from_the_feed_is_put_aside(
    desk: Desk, ways: tuple[str, ...]
) -> None:
    log = MemoryEventLog()
    for event in desk.events:
        await log.append(event)
    async with feed_server(log) as url:
        there = {"GATEWRIGHT_URL": url, "AMQP_URL": desk.amqp}
        await desk.start(**{name: there[name] for name in ways})
        await until(desk.all_in_the_inbox, 120)
    assert desk.handled == {each["id"] for each in desk.events} - {desk.deadly}
    assert [id_ for id_, _ in desk.letters] == [desk.deadly]

"""Delivery: how many events one relay gets confirmed, at which cost, and how soon after the commit."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import Any, Final
from uuid import UUID

import aio_pika
import asyncpg
import uvloop
from aio_pika.abc import AbstractExchange

from benchmarks.ground import Ground
from benchmarks.table import Row, Spread, ratio_row
from core.clock import SystemClock
from core.postgres.database import Database
from core.postgres.flush import Pending
from core.postgres.poke import Poke
from core.postgres.sequencer import Sequencer
from core.postgres.work import SqlWork
from core.processes import settle_heap
from core.rabbit.errand import Errand
from core.rabbit.relay import Relay
from core.rabbit.topology import broker
from domain.identity.events import UserDeactivated
from domain.identity.models import EmailAddress, User
from domain.kernel.ids import UserId, uuid7
from tests.support.facts import fill
from tests.support.running import running
from tests.support.servers import private_rabbitmq

ROUNDS: Final = 3
EVENTS: Final = 20_000
PATIENCE: Final = 60.0
IN_FLIGHT: Final = 64
"""Of the bare publisher; more gains it nothing."""
PACE: Final = 500
SECONDS: Final = 8
QUEUE: Final = "benchmark"
BODY: Final = b"x" * 500


@dataclass
class Notes:
    """What the relay reports."""

    count: int = 0
    lags: list[float] = field(default_factory=list)

    def confirmed(self, count: int) -> None:
        self.count += count

    def lag(self, seconds: float) -> None:
        self.lags.append(seconds)


def run(ground: Ground) -> Iterable[Row]:
    """Start a broker of its own, with a quorum queue that is bound to everything."""
    server = private_rabbitmq(ground.folder)
    with server:
        found = uvloop.run(_measure(ground, server.url))
    delivered, published = (Spread([each.rate for each in kind]) for kind in (found.delivered, found.published))
    yield ratio_row("events", "confirmed by a quorum queue, one relay", delivered, published, "bare publish", None)
    yield Row("events", "the same", delivered.text(unit="/s"), "-", goal="≥ 5,000/s", reached=delivered.middle >= 5000)
    ours, bare = (Spread([each.cost for each in kind]) for kind in (found.delivered, found.published))
    yield Row("events", "its CPU time, each", ours.text(unit=" µs"), f"bare publish: {bare.text(unit=' µs')}")
    milliseconds = sorted(1000 * lag for lag in found.lags)
    p50, p99 = (milliseconds[len(milliseconds) * share // 100] for share in (50, 99))
    yield Row(
        "events",
        f"commit to confirm, {PACE} commands/s for {SECONDS} s, all in one process",
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
        goal="p99 ≤ 20 ms",
        reached=p99 <= 20,
    )


@dataclass(frozen=True)
class Pass:
    """So many events, from the first to the last confirm."""

    seconds: float
    busy: float
    """Seconds of CPU time of this process."""

    @property
    def rate(self) -> float:
        return EVENTS / self.seconds

    @property
    def cost(self) -> float:
        return 1_000_000 * self.busy / EVENTS


@dataclass(frozen=True)
class Found:
    """What was measured."""

    delivered: list[Pass]
    published: list[Pass]
    lags: list[float]


async def _measure(ground: Ground, amqp: str) -> Found:
    url = ground.settings.database_url
    assert url
    address = url.get_secret_value().replace("+asyncpg", "", 1)
    async with ground.database() as database, _bound(amqp) as exchange:
        delivered, published = [], []
        for _ in range(ROUNDS):
            delivered.append(await _deliver(database, address, amqp))
            published.append(await _publish(exchange))
        return Found(delivered, published, await _lags(database, amqp))


@asynccontextmanager
async def _bound(amqp: str) -> AsyncIterator[AbstractExchange]:
    """Bind a quorum queue, which keeps a thousand messages, and lend the exchange for publishing with confirms."""
    async with AsyncExitStack() as open_:
        exchange = await open_.enter_async_context(broker(amqp))
        connection = await open_.enter_async_context(await aio_pika.connect(amqp))
        channel = await connection.channel()
        limits: dict[str, Any] = {"x-queue-type": "quorum", "x-max-length": 1000}
        queue = await channel.declare_queue(QUEUE, durable=True, arguments=limits)
        await queue.bind(exchange, "#")
        yield exchange


async def _deliver(database: Database, address: str, amqp: str) -> Pass:
    """Deliver a backlog, from the start of a relay on."""
    connection = await asyncpg.connect(address)
    await connection.execute("UPDATE delivery_cursors SET position = (SELECT coalesce(max(position), 0) FROM events)")
    await connection.close()
    await fill(address, EVENTS, 2000)
    notes = Notes()
    started, busy = perf_counter(), process_time()
    async with running(Relay(database, amqp, Errand(meter=notes))):
        await _counted(notes, EVENTS)
        return Pass(perf_counter() - started, process_time() - busy)


async def _counted(notes: Notes, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while notes.count < count:  # noqa: ASYNC110 - the relay sets no event
            await asyncio.sleep(0.01)


async def _publish(exchange: AbstractExchange) -> Pass:
    """Publish as many messages as aio-pika does it, with confirms."""
    started, busy = perf_counter(), process_time()
    left = iter(range(EVENTS))

    async def go_on() -> None:
        for _ in left:
            message = aio_pika.Message(BODY, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await exchange.publish(message, "identity.user.renamed", mandatory=True)

    await asyncio.gather(*(go_on() for _ in range(IN_FLIGHT)))
    return Pass(perf_counter() - started, process_time() - busy)


async def _lags(database: Database, amqp: str) -> list[float]:
    """Return the seconds from each event to its confirm, those of the first second left out: it prepares."""
    notes, poke = Notes(), Poke(database)
    parts = Sequencer(database), Relay(database, amqp, Errand(meter=notes)), poke
    async with running(*parts), asyncio.TaskGroup() as commands:
        settle_heap()  # as a worker does
        started = perf_counter()
        for number in range(PACE * (SECONDS + 1)):
            commands.create_task(_command(database, poke, uuid7()))
            await asyncio.sleep(max(0.0, started + number / PACE - perf_counter()))
        await _counted(notes, PACE * (SECONDS + 1))
    return notes.lags[PACE:]


async def _command(database: Database, poke: Poke, person: UUID) -> None:
    def committed(_: Pending) -> None:
        poke()

    clock = SystemClock()
    work = SqlWork(database, clock, b"a key for the audit trail", committed)
    now = clock.now()
    user = User(id=UserId(person), email=EmailAddress("ada@example.com"), created_at=now, updated_at=now)
    work.emit(UserDeactivated(user_id=person, occurred_at=now), of=user)
    await work.commit()

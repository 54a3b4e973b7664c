"""Delivery: how many events one relay gets confirmed, at which cost, and how soon after the commit."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any, Final

import aio_pika
import asyncpg
import uvloop
from aio_pika.abc import AbstractExchange

from benchmarks.ground import Ground
from benchmarks.lag import PACE, SECONDS, lags
from benchmarks.lag import ROUNDS as LAG_ROUNDS
from benchmarks.table import Row, Spread, ratio_row
from core.postgres.database import Database
from core.rabbit.errand import Errand
from core.rabbit.relay import Relay
from core.rabbit.topology import broker
from tests.support.facts import fill
from tests.support.running import running
from tests.support.servers import private_rabbitmq

ROUNDS: Final = 3
EVENTS: Final = 20_000
PATIENCE: Final = 60.0
IN_FLIGHT: Final = 64
"""Of the bare publisher; more gains it nothing."""
QUEUE: Final = "benchmark"
BODY: Final = b"x" * 500


@dataclass
class Notes:
    """What the relay reports."""

    count: int = 0

    def confirmed(self, _: Mapping[str, Any]) -> None:
        self.count += 1


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
    soon, late = (Spread([_share(each, share) for each in found.lags]) for share in (50, 99))
    yield Row(
        "events",
        f"commit to confirm, {PACE} commands/s for {SECONDS} s",
        f"p50 {soon.text(1)} ms, p99 {late.text(1)} ms",
        goal="p99 ≤ 20 ms",
        reached=late.middle <= 20,
    )


def _share(seconds: list[float], share: int) -> float:
    """Return what so many of a hundred are within, in milliseconds."""
    return 1000 * sorted(seconds)[len(seconds) * share // 100]


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
    lags: list[list[float]]
    """Of each round."""


async def _measure(ground: Ground, amqp: str) -> Found:
    url = ground.settings.database_url
    assert url
    address = url.get_secret_value().replace("+asyncpg", "", 1)
    async with ground.database() as database, _bound(amqp) as exchange:
        delivered, published = [], []
        for _ in range(ROUNDS):
            delivered.append(await _deliver(database, address, amqp))
            published.append(await _publish(exchange))
        return Found(delivered, published, [await lags(database, amqp) for _ in range(LAG_ROUNDS)])


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

"""What this service declares at the broker. Queues belong to subscribers; this one keeps what nobody is bound to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange

from core.rabbit.errand import EXCHANGE

PATIENCE: Final = 5.0
"""Seconds that the broker may take to answer: one that is just starting may take requests that nothing answers."""
KEPT: Final = 10_000
"""How many events without a subscriber are kept, for a look at what goes by; the oldest are dropped."""


@asynccontextmanager
async def publishing(url: str, heartbeat: int = 10) -> AsyncIterator[AbstractChannel]:
    """Connect, and open a channel with publisher confirms.

    Not `connect_robust`: whoever publishes reconnects, because only they know what was not confirmed.
    """
    connection = await aio_pika.connect(url, timeout=PATIENCE, heartbeat=heartbeat)
    try:
        async with asyncio.timeout(PATIENCE):
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        yield channel
    finally:
        # A frozen broker does not answer, and a connection left open hangs the loop at the end.
        with suppress(Exception, asyncio.CancelledError):
            async with asyncio.timeout(1):
                await connection.close()


@asynccontextmanager
async def broker(url: str, exchange: str = EXCHANGE, heartbeat: int = 10) -> AsyncIterator[AbstractExchange]:
    """Connect as `publishing` does; declare the exchange of events and its alternate, `<exchange>.unrouted`."""
    async with publishing(url, heartbeat) as channel:
        alternate = f"{exchange}.unrouted"
        unrouted = await channel.declare_exchange(
            alternate, aio_pika.ExchangeType.FANOUT, durable=True, timeout=PATIENCE
        )
        kept = await channel.declare_queue(
            alternate, durable=True, arguments={"x-max-length": KEPT, "x-overflow": "drop-head"}, timeout=PATIENCE
        )
        await kept.bind(unrouted, timeout=PATIENCE)
        yield await channel.declare_exchange(
            exchange,
            aio_pika.ExchangeType.TOPIC,
            durable=True,
            arguments={"alternate-exchange": alternate},
            timeout=PATIENCE,
        )

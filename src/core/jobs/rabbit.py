"""Taskiq over RabbitMQ; only a process that has one imports this, for the clients take long."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from taskiq import AsyncBroker
from taskiq.serializers import JSONSerializer
from taskiq_aio_pika import AioPikaBroker
from taskiq_aio_pika.exchange import Exchange
from taskiq_aio_pika.queue import Queue
from taskiq_redis import RedisAsyncResultBackend

KEPT: Final = 3600
"""Seconds that results are kept in Redis."""


class RabbitBroker(AioPikaBroker):
    """Closes its connections first: a broker that is frozen answers nothing else, and what waits for it is woken."""

    async def shutdown(self) -> None:
        """Let go of the connections, each for a second at most, and then of everything else."""
        await asyncio.gather(*(_closed(each) for each in (self.read_conn, self.write_conn) if each))
        await super().shutdown()


def rabbit_broker(rabbit: str, redis: str | None, queue: str, *, at_once: int, patience: float) -> AsyncBroker:
    """Return a broker over RabbitMQ, with its results in Redis if there is one."""
    broker = RabbitBroker(
        rabbit,
        qos=at_once,
        exchange=Exchange(name=queue),
        task_queues=[Queue(name=queue)],
        dead_letter_queue=Queue(name=f"{queue}.dead"),
        timeout=patience,
        heartbeat=10,
    )
    if redis:
        # The default serializer is pickle, which runs what it reads.
        results: RedisAsyncResultBackend[Any] = RedisAsyncResultBackend(
            redis, result_ex_time=KEPT, prefix_str=queue, serializer=JSONSerializer(), socket_timeout=1
        )
        return broker.with_result_backend(results)
    return broker


async def _closed(connection: Any) -> None:
    with suppress(Exception, asyncio.CancelledError):
        async with asyncio.timeout(1):
            await connection.close()

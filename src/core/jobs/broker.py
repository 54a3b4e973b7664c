"""Taskiq, which carries the ids of jobs to whichever worker is free."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from uuid import UUID

from taskiq import AsyncBroker, InMemoryBroker
from taskiq.receiver import Receiver

from core.jobs.runner import Runner
from core.postgres.jobs import Lease

QUEUE: Final = "gatewright.jobs"
AT_ONCE: Final = 32
"""How many jobs a worker does side by side."""
PATIENCE: Final = 5.0
"""Seconds that the broker may take to accept a job."""
LEAVE: Final = 2.5
"""Seconds that jobs have to end when the worker stops; what is cut off is tried again."""

Send = Callable[[Lease], Awaitable[None]]
Receive = Callable[[], Coroutine[Any, Any, None]]


def make_broker(rabbit: str | None = None, redis: str | None = None, queue: str = QUEUE) -> AsyncBroker:
    """Return a broker over RabbitMQ, with its results in Redis if there is one; without RabbitMQ, in this process."""
    if not rabbit:
        return InMemoryBroker(max_async_tasks=AT_ONCE)
    from core.jobs.rabbit import rabbit_broker  # noqa: PLC0415 - imported by whoever has one

    return rabbit_broker(rabbit, redis, queue, at_once=AT_ONCE, patience=PATIENCE)


@asynccontextmanager
async def carrier(broker: AsyncBroker, runner: Runner) -> AsyncIterator[tuple[Send, Receive]]:
    """Start `broker`; yield how to send an attempt, and how to receive until the broker is lost."""

    async def run_job(job_id: str, attempt: int) -> str:
        return await runner(UUID(job_id), attempt)

    task = broker.register_task(run_job, task_name="run_job")
    broker.is_worker_process = True

    async def send(lease: Lease) -> None:
        kick = task.kicker().with_task_id(f"{lease.id}-{lease.attempt}").kiq(str(lease.id), lease.attempt)
        async with asyncio.timeout(PATIENCE):
            await kick

    try:
        async with asyncio.timeout(2 * PATIENCE):
            await broker.startup()
        yield send, lambda: _receive(broker)
    finally:
        with suppress(Exception, asyncio.CancelledError):
            async with asyncio.timeout(1.5):
                await broker.shutdown()


async def _receive(broker: AsyncBroker) -> None:
    """Do what arrives; when cancelled, let what has begun end."""
    if isinstance(broker, InMemoryBroker):
        try:
            await asyncio.Event().wait()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE):
                    await broker.wait_all()
    finish = asyncio.Event()
    receiver = Receiver(broker, run_startup=False, max_async_tasks=AT_ONCE, wait_tasks_timeout=LEAVE)
    listening = asyncio.create_task(receiver.listen(finish))
    try:
        await asyncio.shield(listening)
        raise ConnectionError("the broker delivers no more")
    finally:
        finish.set()
        # A receiver that waits for a frozen broker cannot be cancelled; closing the connection ends it.
        await asyncio.wait([listening], timeout=LEAVE + 0.2)
        listening.cancel()
        listening.add_done_callback(_forget)


def _forget(listening: asyncio.Task[None]) -> None:
    if not listening.cancelled():
        listening.exception()

"""Rows and leases are the truth of jobs: the broker only carries them, and nothing waits for it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import aio_pika
import pytest

from core.jobs.registry import Job, Nothing, by_name
from core.jobs.work import JobWork
from core.mail import JobMailer, MailSender, SmtpTransport
from core.postgres.database import Database
from domain.kernel.ids import uuid7
from domain.kernel.mails import PasswordChangedMail
from tests.support.facts import until
from tests.support.memory.jobs import MemoryEnqueues
from tests.support.memory.seal import MemorySeal
from tests.support.private import PrivateRabbitmq
from tests.support.proxies import line
from tests.support.running import running
from tests.support.server import Server
from tests.support.smtp import smtp_sink

INSERT = "INSERT INTO jobs (id, name, payload) VALUES ($1, $2, $3)"
NOWHERE = "amqp://guest:guest@127.0.0.1:1/"


@pytest.fixture(params=["away", "frozen"])
async def rabbit(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The URL of a broker that is of no use."""
    if request.param == "away":
        yield NOWHERE
        return
    async with line(request.getfixturevalue("rabbitmq_url")) as frozen:
        frozen.freeze()
        yield frozen.url


async def test_mails_are_sent_without_the_broker(database: Database, connection: Any, rabbit: str) -> None:
    work, seal = MemoryEnqueues(), MemorySeal()
    JobMailer(work, seal).send("ada@example.org", PasswordChangedMail())
    ((name, payload, _),) = work.queued
    await connection.execute(INSERT, uuid7(), name, json.dumps(payload))
    async with smtp_sink() as sink:
        sender = MailSender(SmtpTransport.parse(sink.url), seal, "Gatewright <no-reply@example.org>")
        async with running(JobWork(database, by_name([sender.job]), rabbit)):
            await asyncio.wait_for(sink.received.wait(), 20)
    assert [message["To"] for message in sink.messages] == ["ada@example.org"]


@asynccontextmanager
async def carried(rabbit: str, queue: str) -> AsyncIterator[list[UUID]]:
    """Yield the jobs, in the order in which the broker has taken them, from now on."""
    taken: list[UUID] = []

    async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        taken.append(UUID(json.loads(message.body)["args"][0]))

    async with await aio_pika.connect(rabbit) as amqp:
        channel = await amqp.channel()
        exchange = await channel.declare_exchange(queue, aio_pika.ExchangeType.TOPIC, durable=True)
        spying = await channel.declare_queue(exclusive=True)
        await spying.bind(exchange, "#")
        await spying.consume(take, no_ack=True)
        yield taken


async def test_they_are_done_here_while_the_broker_takes_none_and_go_over_it_again_later(
    database: Database, connection: Any, private_rabbitmq: Server
) -> None:
    """It blocks whoever publishes, as it does when its memory is short: connections stay, and new ones are accepted."""
    assert isinstance(private_rabbitmq, PrivateRabbitmq)
    done: set[UUID] = set()

    async def take(_: Nothing, job: UUID) -> None:
        done.add(job)

    jobs = by_name([Job("note", Nothing, take), Job("tick", Nothing, take, every=timedelta(seconds=0.1))])
    work = JobWork(database, jobs, private_rabbitmq.url, queue="jobs")

    async def one() -> UUID:
        job = uuid7()
        await connection.execute(INSERT, job, "note", "{}")

        async def is_done() -> bool:
            return job in done

        await until(is_done)
        return job

    async def goes_over_it() -> bool:
        return await one() in taken

    async def goes_past_it() -> bool:
        return await one() not in taken

    async with carried(private_rabbitmq.url, "jobs") as taken, running(work):
        await until(goes_over_it)
        await asyncio.to_thread(private_rabbitmq.control, "set_vm_memory_high_watermark", "absolute", "1")
        await until(goes_past_it)  # connections hear of the alarm a little later
        kept = [await one() for _ in range(3)]
        assert not set(kept) & set(taken)
        done.clear()
        await until(lambda: ticked(done, jobs["tick"].only))
        await asyncio.to_thread(private_rabbitmq.control, "set_vm_memory_high_watermark", "0.8")
        await until(goes_over_it)
    assert jobs["tick"].only not in taken


async def ticked(done: set[UUID], job: UUID) -> bool:
    return job in done

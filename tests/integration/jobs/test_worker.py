"""Everything after the commit, together."""

import asyncio
import gc
import json
import os
import signal
from typing import Any

from core.jobs.registry import by_name
from core.mail import JobMailer, MailSender, SmtpTransport
from core.postgres.backlog import Backlog, backlog
from core.postgres.database import Database
from core.postgres.maintenance import CleanUp
from core.rabbit.errand import Errand
from core.worker import Worker
from domain.kernel.ids import uuid7
from domain.kernel.mails import PasswordChangedMail
from tests.support.facts import state, until
from tests.support.memory.jobs import MemoryEnqueues
from tests.support.memory.seal import MemorySeal
from tests.support.running import running
from tests.support.smtp import smtp_sink
from tests.support.subscriber import subscribed

SENDER = "Gatewright <no-reply@example.org>"
INSERT = "INSERT INTO jobs (id, name, payload) VALUES ($1, $2, $3)"


async def test_a_commit_becomes_an_event_and_a_mail(
    database: Database, connection: Any, rabbitmq_url: str, redis_url: str, job_queue: str
) -> None:
    work, seal = MemoryEnqueues(), MemorySeal()
    JobMailer(work, seal).send("ada@example.org", PasswordChangedMail())
    async with subscribed(rabbitmq_url) as subscriber, smtp_sink() as sink:
        worker = Worker(
            database,
            by_name([MailSender(SmtpTransport.parse(sink.url), seal, SENDER).job, CleanUp(database).job]),
            rabbitmq_url,
            redis_url,
            Errand(exchange=subscriber.exchange),
            queue=job_queue,
        )
        async with running(worker):
            event = await state(connection, uuid7(), 1)
            ((name, payload, _),) = work.queued
            await connection.execute(INSERT, uuid7(), name, json.dumps(payload))
            await connection.execute("NOTIFY outbox")
            await asyncio.wait_for(sink.received.wait(), 20)
            await until(lambda: has(subscriber, event))
    (message,) = sink.messages
    assert (message["To"], message["Subject"]) == ("ada@example.org", "Your password was changed")


async def has(subscriber: Any, event: Any) -> bool:
    return str(event) in subscriber.ids


UNLINKED = """
INSERT INTO audit_pending (id, action, outcome, actor, occurred_at, leaf)
VALUES ($1, 'a.b.c', 'done', 'anonymous', now() - interval '1 minute', '')
"""


async def test_the_gauges_say_what_waits(database: Database, connection: Any) -> None:
    assert await backlog(connection) == Backlog(0, 0, 0, 0, 0, 0, 0)
    for version in (1, 2, 3):
        await state(connection, uuid7(), version)
    await connection.execute(INSERT, uuid7(), "nobody_does_this", "{}")
    await connection.execute(UNLINKED, uuid7())
    before = await backlog(connection)
    assert (before.outbox_pending, before.jobs_due) == (3, 1)
    assert before.outbox_oldest > 0
    assert 60 <= before.audit_oldest < 3600
    await connection.execute("INSERT INTO delivery_cursors (sink, slot) SELECT 'rabbitmq', generate_series(0, 7)")
    told: asyncio.Queue[Backlog] = asyncio.Queue()
    async with running(Worker(database, by_name([]), gauges=told.put_nowait)):
        await until(lambda: numbered(connection))
        after = await asyncio.wait_for(told.get(), 20)
        while after.delivery_behind < 3:
            after = await asyncio.wait_for(told.get(), 20)
    assert (after.outbox_pending, after.delivery_behind, after.jobs_parked) == (0, 3, 0)
    assert after.delivery_oldest > 0
    assert after.audit_oldest == 0


async def numbered(connection: Any) -> bool:
    return bool(await connection.fetchval("SELECT position FROM log_head") == 3)


async def test_garbage_is_not_looked_for_in_what_stays(database: Database) -> None:
    gc.unfreeze()
    serving = asyncio.create_task(Worker(database, by_name([])).serve())
    try:
        await until(frozen)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await serving
        gc.unfreeze()


async def frozen() -> bool:
    return gc.get_freeze_count() > 10_000

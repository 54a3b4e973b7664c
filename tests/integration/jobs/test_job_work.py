"""Jobs on a real Postgres, carried in the process and by a real RabbitMQ."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core.jobs.registry import Job, Jobs, Nothing, Unrepeatable, by_name
from core.jobs.work import WINDOW, JobWork
from core.postgres.database import Database
from domain.kernel.ids import uuid7
from tests.support.facts import until
from tests.support.running import running

INSERT = "INSERT INTO jobs (id, name, payload) VALUES ($1, $2, $3)"
NOW = "UPDATE jobs SET run_at = now()"


@dataclass(frozen=True)
class Note:
    text: str


@dataclass
class Desk:
    """Counts the notes it is handed, by job; fails as often as it was told to."""

    done: Counter[UUID] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    async def take(self, note: Note, job: UUID) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.done[job] += 1
        self.notes.append(note.text)

    def jobs(self, **options: Any) -> Jobs:
        return by_name([Job("note", Note, self.take, **options)])


async def queue(connection: Any, *texts: str) -> list[UUID]:
    made = [uuid7() for _ in texts]
    for job, text in zip(made, texts, strict=True):
        await connection.execute(INSERT, job, "note", json.dumps({"text": text}))
    return made


async def empty(connection: Any) -> bool:
    return bool(await connection.fetchval("SELECT count(*) FROM jobs") == 0)


async def parked(connection: Any) -> bool:
    return bool(await connection.fetchval("SELECT count(*) FROM jobs WHERE parked_at IS NOT NULL") == 1)


@pytest.fixture(params=["in this process", "over RabbitMQ"])
def carried(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "in this process":
        return {}
    made = {name: request.getfixturevalue(f"{name}_url") for name in ("rabbitmq", "redis")}
    return {"rabbit": made["rabbitmq"], "redis": made["redis"], "queue": request.getfixturevalue("job_queue")}


async def test_each_job_is_done_once_and_its_row_goes(
    database: Database, connection: Any, carried: dict[str, str]
) -> None:
    desk = Desk()
    queued = await queue(connection, *(str(number) for number in range(300)))
    works = [JobWork(database, desk.jobs(), **carried) for _ in range(3)]
    async with running(*works):
        await until(lambda: empty(connection))
    assert desk.done == Counter(queued)
    assert sorted(desk.notes, key=int) == [str(number) for number in range(300)]


async def test_a_failed_job_is_tried_again_later(database: Database, connection: Any, carried: dict[str, str]) -> None:
    desk = Desk(failures=[ValueError("ada@example.org is wrong")])
    (job,) = await queue(connection, "hello")
    work = JobWork(database, desk.jobs(), **carried)
    async with running(work):
        await until(lambda: failed(connection))
        row = await connection.fetchrow("SELECT *, run_at - now() AS wait FROM jobs")
        assert (row["attempts"], row["last_error"], row["parked_at"]) == (1, "ValueError", None)
        assert timedelta(0) < row["wait"] <= timedelta(seconds=5)
        await connection.execute(NOW)
        work.wake()
        await until(lambda: empty(connection))
    assert desk.done == {job: 1}


async def failed(connection: Any) -> bool:
    return bool(await connection.fetchval("SELECT last_error FROM jobs"))


async def test_a_job_that_fails_too_often_is_parked_and_the_others_go_on(database: Database, connection: Any) -> None:
    desk = Desk(failures=[ValueError(), ValueError()])
    (job,) = await queue(connection, "bad")
    work = JobWork(database, desk.jobs(attempts=2))
    async with running(work):
        await until(lambda: failed(connection))
        await connection.execute(NOW)
        await until(lambda: parked(connection))
        (other,) = await queue(connection, "good")
        work.wake()
        await until(lambda: done(desk, other))
    assert desk.done == {other: 1}
    assert await connection.fetchval("SELECT attempts FROM jobs WHERE id = $1", job) == 2


async def done(desk: Desk, job: UUID) -> bool:
    return bool(desk.done[job])


@pytest.mark.parametrize("payload", ['{"text": 1}', "{}", "[]", '{"text": null}'])
async def test_what_can_never_succeed_is_parked_at_once(database: Database, connection: Any, payload: str) -> None:
    await connection.execute(INSERT, uuid7(), "note", payload)
    async with running(JobWork(database, Desk().jobs())):
        await until(lambda: parked(connection))
    assert await connection.fetchval("SELECT attempts FROM jobs") == 1


async def test_a_handler_may_say_that_it_is_of_no_use(database: Database, connection: Any) -> None:
    await queue(connection, "bad")
    async with running(JobWork(database, Desk(failures=[Unrepeatable("no such mailbox")]).jobs())):
        await until(lambda: parked(connection))
    assert await connection.fetchval("SELECT last_error FROM jobs") == "Unrepeatable: no such mailbox"


async def test_a_job_of_a_newer_version_is_left_to_it(database: Database, connection: Any) -> None:
    await connection.execute(INSERT, uuid7(), "not_known_here", "{}")
    desk = Desk()
    (job,) = await queue(connection, "hello")
    async with running(JobWork(database, desk.jobs())):
        await until(lambda: done(desk, job))
    assert await connection.fetchval("SELECT attempts FROM jobs WHERE name = 'not_known_here'") == 0


async def test_a_job_not_yet_due_waits(database: Database, connection: Any) -> None:
    desk = Desk()
    later, now = await queue(connection, "later", "now")
    await connection.execute("UPDATE jobs SET run_at = now() + interval '1 hour' WHERE id = $1", later)
    async with running(JobWork(database, desk.jobs())):
        await until(lambda: done(desk, now))
    assert desk.done == {now: 1}


async def test_what_a_killed_worker_had_begun_is_tried_again_when_its_lease_ends(
    database: Database, connection: Any
) -> None:
    desk = Desk()
    (job,) = await queue(connection, "hello")
    await connection.execute("UPDATE jobs SET attempts = 1, run_at = now() - interval '1 second'")
    async with running(JobWork(database, desk.jobs())):
        await until(lambda: empty(connection))
    assert desk.done == {job: 1}


async def test_what_kills_every_worker_is_parked(database: Database, connection: Any) -> None:
    desk = Desk()
    await queue(connection, "hello")
    await connection.execute("UPDATE jobs SET attempts = 3, run_at = now() - interval '1 second'")
    async with running(JobWork(database, desk.jobs(attempts=3))):
        await until(lambda: parked(connection))
    assert not desk.done


async def test_an_attempt_has_a_deadline(database: Database, connection: Any) -> None:
    async def hang(_note: Note, _job: UUID) -> None:
        await asyncio.Event().wait()

    await queue(connection, "hello")
    async with running(JobWork(database, by_name([Job("note", Note, hang, patience=0.1, attempts=1)]))):
        await until(lambda: parked(connection))
    assert await connection.fetchval("SELECT last_error FROM jobs") == "TimeoutError"


async def test_what_recurs_has_one_row_however_many_workers_there_are(database: Database, connection: Any) -> None:
    runs = Counter[UUID]()

    async def tick(_payload: Nothing, job: UUID) -> None:
        runs[job] += 1

    jobs = by_name([Job("tick", Nothing, tick, every=timedelta(minutes=10))])

    async def planned() -> bool:
        return bool(await connection.fetchval("SELECT count(*) FROM jobs"))

    async def again() -> bool:
        return bool(await connection.fetchval("SELECT run_at > now() + interval '9 minutes' FROM jobs") and runs)

    works = [JobWork(database, jobs) for _ in range(4)]
    async with running(*works):
        await until(planned)
        await connection.execute(NOW)
        for work in works:
            work.wake()
        await until(again)
    assert sum(runs.values()) == 1
    assert await connection.fetchval("SELECT count(*) FROM jobs WHERE attempts = 0") == 1


async def test_what_recurs_is_never_parked(database: Database, connection: Any) -> None:
    desk = Desk(failures=[Unrepeatable("no"), Unrepeatable("no")])
    job = Job("note", Note, desk.take, every=timedelta(minutes=10), attempts=1)
    await connection.execute(INSERT, job.only, "note", '{"text": "hello"}')

    async def again() -> bool:
        await connection.execute(NOW)
        return bool(desk.done)

    async with running(JobWork(database, by_name([job]))):
        await until(again)
    assert await connection.fetchval("SELECT parked_at FROM jobs") is None


async def test_a_stop_lets_what_has_begun_end(database: Database, connection: Any, carried: dict[str, str]) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def take(_note: Note, _job: UUID) -> None:
        begun.set()
        await asyncio.sleep(0.3)
        ended.set()

    await queue(connection, "hello")
    async with running(JobWork(database, by_name([Job("note", Note, take)]), **carried)):
        await asyncio.wait_for(begun.wait(), 20)
    assert ended.is_set()
    assert await empty(connection)


async def test_what_recurs_waits_behind_no_number_of_others(database: Database, connection: Any) -> None:
    ticks, over = 0, asyncio.Event()

    async def tick(_payload: Nothing, _job: UUID) -> None:
        nonlocal ticks
        ticks += 1

    async def hang(_note: Note, _job: UUID) -> None:
        await over.wait()

    async def ticked(count: int) -> bool:
        return ticks >= count

    await queue(connection, *(["hello"] * (WINDOW + 1)))
    await connection.execute("UPDATE jobs SET run_at = now() - interval '1 hour'")
    jobs = by_name([Job("note", Note, hang), Job("tick", Nothing, tick, every=timedelta(seconds=0.01))])
    async with running(JobWork(database, jobs)):
        await until(lambda: claimed(connection, WINDOW))
        before = ticks
        await until(lambda: ticked(before + 2))
        over.set()


async def claimed(connection: Any, count: int) -> bool:
    return bool(await connection.fetchval("SELECT count(*) FROM jobs WHERE name = 'note' AND attempts = 1") == count)

"""What was taken away is refused by every process with its next answer, whatever has become of Redis."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.faults.enemies import DOCUMENT, WAYS, Seat, Stage
from tests.support.facts import until
from tests.support.patient import Patient
from tests.support.service import LONG, Service, Stack, deployed

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600 if LONG else 300)]

STAGES, PROCESSES = (8, 3) if LONG else (4, 3)
ROOT = "root@example.org"
SUPERUSER = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at, version)
SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'user', id, '00000000-0000-7000-8000-000000000002',
       now(), 1 FROM users WHERE email = $1
"""
Record = Callable[[str, object], None]


@dataclass
class Fleet:
    """Processes that share a database: one that writes, others that are asked."""

    services: list[Service]
    root: str
    """The access token of a superuser."""
    stages: list[Stage] = field(default_factory=list)
    asked: Counter[int] = field(default_factory=Counter)
    """How questions that were asked beside were answered."""

    @property
    def stack(self) -> Stack:
        return self.services[0].stack

    async def until_there_were(self, trials: int, counted: Counter[str]) -> None:
        """Have every enemy go every way, in turn and at once, until there were enough trials of each kind."""

        async def go(stage: Stage, first: int) -> None:
            number = first
            while min(counted[kind] for kind in ("gate", "check", "list")) < trials or number < first + len(WAYS):
                await WAYS[number % len(WAYS)].go(stage)
                number += 1

        async with asyncio.TaskGroup() as going:
            for number, stage in enumerate(self.stages):
                going.create_task(go(stage, number * len(WAYS) // len(self.stages)))

    @asynccontextmanager
    async def load(self) -> AsyncIterator[None]:
        """Ask about everybody in every process all the time, so that every change meets questions under way."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as asking:
            for service in self.services:
                asking.create_task(self._ask(service, stop))
            try:
                yield
            finally:
                stop.set()

    async def _ask(self, service: Service, stop: asyncio.Event) -> None:
        async with service.caller(self.root) as call:
            while not stop.is_set():
                about = [
                    {
                        "subject": {"type": "user", "id": stage.ids["enemy"]},
                        "context": {"organization_id": stage.ids["organization"]},
                    }
                    for stage in random.sample(self.stages, len(self.stages))
                ]
                body = {"action": {"name": "read"}, "resource": DOCUMENT, "evaluations": about}
                found = await call("POST", "/access/v1/evaluations", body)
                # So much is changed that an answer as of one moment may not be had within a few attempts.
                assert found.status in {200, 503}, found
                self.asked[found.status] += 1


@pytest.fixture(scope="module")
async def fleet(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    async with AsyncExitStack() as running:
        same = {"ACCESS_TOKEN_SECONDS": "86400", "ISSUER": "http://fleet.example"}
        first = await running.enter_async_context(deployed(stack, folder, brokered=False, **same))
        others = [Service(stack, folder, more=same, database=first.database) for _ in range(PROCESSES - 1)]
        for each in others:
            running.callback(each.close)
        await asyncio.gather(*(asyncio.to_thread(each.api.start) for each in others))
        await first.tokens(ROOT)
        async with first.sql() as connection:
            await connection.execute(SUPERUSER, ROOT)
        made = Fleet([first, *others], (await first.sign_in(ROOT))["access_token"])
        trials, wrong = Counter[str](), list[str]()
        for number in range(STAGES):
            seats = [Seat(_caller(each, made.root, running), _caller(each, None, running)) for each in others]
            stage = Stage(_caller(first, made.root, running), seats, f"enemy{number}@example.org", trials, wrong)
            await stage.open()
            made.stages.append(stage)
        yield made


def _caller(service: Service, token: str | None, running: AsyncExitStack) -> Patient:
    made = service.patient(token)
    running.callback(made.drop)
    return made


async def examine(fleet: Fleet, trials: int, record_property: Record) -> None:
    """Fail unless none of so many trials of each kind was answered from before."""
    counted, wrong, started = fleet.stages[0].trials, fleet.stages[0].wrong, time.monotonic()
    counted.clear()
    fleet.asked.clear()
    async with fleet.load():
        await fleet.until_there_were(trials, counted)
    record_property("trials", dict(counted))
    record_property(
        "asked again", sum(each.repeated for stage in fleet.stages for seat in stage.seats for each in seat)
    )
    record_property("beside", dict(fleet.asked))
    record_property("seconds", round(time.monotonic() - started, 1))
    assert wrong == []
    assert fleet.asked[200] >= PROCESSES


async def test_e7_what_was_taken_away_is_refused_everywhere_at_once(fleet: Fleet, record_property: Record) -> None:
    await examine(fleet, 20_000 if LONG else 1, record_property)


async def test_e7_pub_sub_that_stands_still_makes_nothing_stale(fleet: Fleet, record_property: Record) -> None:
    redis = fleet.stack.redis
    redis.stall()
    try:
        started = time.monotonic()
        await examine(fleet, 2_000 if LONG else 1, record_property)
        record_property("frozen", round(time.monotonic() - started, 1))
    finally:
        redis.resume()


async def test_e7_redis_that_is_gone_makes_nothing_stale(fleet: Fleet, record_property: Record) -> None:
    redis = fleet.stack.redis
    await asyncio.to_thread(redis.kill)
    try:
        await examine(fleet, 2_000 if LONG else 1, record_property)
    finally:
        await asyncio.to_thread(redis.start)

    async def there() -> bool:
        return redis.answers()

    await until(there)

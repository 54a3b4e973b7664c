"""What is frozen costs a moment, never what was acknowledged, and never a write that does not need it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.personal import PersonalKeys
from core.secrets import Secrets
from domain.kernel.ids import uuid7
from tests.support.facts import until
from tests.support.http import Response
from tests.support.patient import decided, doubt, watched
from tests.support.server import Server
from tests.support.service import LONG, PASSWORD, SECRET, Service, Stack, deployed

pytestmark = pytest.mark.faults

Record = Callable[[str, object], None]
DOUBT = 0.2
"""What share of the answers may tell nothing: after a stall each client gets one or two of them."""
STATED = """
SELECT id, data::text AS data, (SELECT salt FROM person_keys WHERE person_id = aggregate_id) AS salt
FROM (SELECT id, aggregate_type, aggregate_id, data FROM outbox UNION ALL
      SELECT id, aggregate_type, aggregate_id, data FROM events) facts
WHERE aggregate_type = 'user'
"""


@dataclass
class Renamers:
    """People who change their name all the time, as clients of one service."""

    service: Service
    tokens: list[str]
    pause: float = 0.1
    answers: list[tuple[float, Response]] = field(default_factory=list)
    """When each came."""
    named: set[str] = field(default_factory=set)
    """Every acknowledged name."""
    lost: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Go on for as long as the block, and until the last answer."""
        stop = asyncio.Event()
        tasks = [asyncio.create_task(self._rename(token, stop)) for token in self.tokens]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    async def _rename(self, token: str, stop: asyncio.Event) -> None:
        async with self.service.caller(token) as call:
            while not stop.is_set():
                name = uuid7().hex
                try:
                    found = await call("PATCH", "/auth/me", {"full_name": name}, {"if-match": "*"})
                except (OSError, ValueError) as error:
                    self.lost.append(repr(error))
                    continue
                self.answers.append((time.monotonic(), found))
                if found.status == 200:
                    self.named.add(name)
                await asyncio.sleep(self.pause)

    def between(self, start: float, end: float) -> list[Response]:
        """Return what was asked and answered in that time."""
        return [each for at, each in self.answers if start <= at - each.seconds and at <= end]


async def people(service: Service, count: int) -> list[str]:
    """Return the tokens of new people."""
    return [await service.person(f"person{number}@example.org") for number in range(count)]


def slowest(answers: list[Response], share: float) -> float:
    """Return the time below which that share of the answers came."""
    times = sorted(each.seconds for each in answers)
    return times[min(len(times) - 1, int(len(times) * share))]


async def test_e16_a_frozen_postgres_costs_five_seconds_and_nothing_acknowledged(
    service: Service, record_property: Record
) -> None:
    renamers = Renamers(service, await people(service, 12))
    async with watched() as machine, renamers.running(), service.caller(renamers.tokens[0]) as reader:
        await until(lambda: _answered(renamers, 30))
        frozen = time.monotonic()
        service.stack.postgres.stall()
        try:
            reads = [await reader("GET", "/auth/sessions") for _ in range(2)]
            await asyncio.sleep(max(0.0, frozen + (10 if LONG else 6) - time.monotonic()))
        finally:
            service.stack.postgres.resume()
        resumed = time.monotonic()
        await asyncio.sleep(2)
        again, enough = time.monotonic(), len(renamers.answers) + 200
        await until(lambda: _answered(renamers, enough))
    during = [each for at, each in renamers.answers if at - each.seconds < resumed and at > frozen] + reads
    after = renamers.between(again, time.monotonic())
    record_property("during", str(Counter(each.status for each in during)))
    record_property("slowest", round(max(each.seconds for each in during), 2))
    assert renamers.lost == []
    assert {each.status for each in during} <= {200, 503}
    assert all("retry-after" in each.headers for each in during if each.status == 503)
    assert 503 in {each.status for each in during}
    assert max(each.seconds for each in during) <= 5 + machine.late
    assert decided(after) == {200}
    assert doubt(after) < DOUBT
    assert slowest(after, 0.9) < 1
    async with service.sql() as connection:
        kept = await connection.fetch(STATED)
    keys = PersonalKeys.of(Secrets(SECRET.encode()))
    assert renamers.named <= {keys.read(row["data"], row["salt"], row["id"])["full_name"] for row in kept}


async def _answered(renamers: Renamers, count: int) -> bool:
    return len(renamers.answers) >= count


@pytest.mark.parametrize("server", ["redis", "rabbit"])
async def test_e16_a_frozen_redis_or_broker_fails_no_write(
    stack: Stack, tmp_path: Path, server: str, record_property: Record
) -> None:
    limits = {"SIGN_IN_LIMIT": "100000"}
    async with deployed(stack, tmp_path, brokered=server == "rabbit", **limits) as service:
        renamers = Renamers(service, await people(service, 4))
        if service.brokered:
            await asyncio.to_thread(service.hire)
        frozen: Server = getattr(stack, server)
        async with renamers.running(), service.patient() as call:
            await until(lambda: _answered(renamers, 20))
            started = time.monotonic()
            frozen.stall()
            try:
                await asyncio.sleep(1)
                signed = await call("POST", "/auth/login", {"email": "person0@example.org", "password": PASSWORD})
                await asyncio.sleep(max(0.0, started + (30 if LONG else 5) - time.monotonic()))
            finally:
                frozen.resume()
            ended = time.monotonic()
    answers = renamers.between(started, ended)
    record_property("writes", len(answers))
    record_property("p99", round(slowest(answers, 0.99), 3))
    assert renamers.lost == []
    assert decided(answers) == {200}
    assert doubt(answers) < DOUBT
    assert signed.status == 200
    # Of a few hundred the slowest hundredth are those that met a stall of the machine.
    assert slowest(answers, 0.99 if LONG else 0.9) < 0.5

"""How soon after a commit the broker has confirmed the event: commands in one process, as in production, what numbers
and delivers in another.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from time import perf_counter, time
from typing import Any, Final
from uuid import UUID

import uvloop

from core.clock import SystemClock
from core.postgres.database import Database
from core.postgres.flush import Pending
from core.postgres.poke import Poke
from core.postgres.sequencer import Sequencer
from core.postgres.work import SqlWork
from core.processes import settle_heap
from core.rabbit.errand import Errand
from core.rabbit.relay import Relay
from domain.identity.events import UserDeactivated
from domain.identity.models import EmailAddress, User
from domain.kernel.ids import UserId, uuid7
from tests.support.running import running

ROUNDS: Final = 5
"""Short ones: what else a machine does shows in some of them, and the middle one counts."""
PACE: Final = 500
"""Commands in a second."""
SECONDS: Final = 8
PATIENCE: Final = 60.0


@dataclass
class Confirms:
    """When each event was confirmed, by the aggregate, of which each has one."""

    at: dict[UUID, float] = field(default_factory=dict)

    def confirmed(self, event: Mapping[str, Any]) -> None:
        self.at[event["aggregate_id"]] = time()


async def lags(database: Database, amqp: str) -> list[float]:
    """Return the seconds from each commit to the confirm, those of the first second left out: it prepares."""
    confirms, loop = Confirms(), asyncio.get_running_loop()
    async with running(Sequencer(database), Relay(database, amqp, Errand(meter=confirms))):
        settle_heap()  # as a worker does
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:
            committed = await loop.run_in_executor(apart, _commands, database.url, database.size)
        async with asyncio.timeout(PATIENCE):
            while not committed.keys() <= confirms.at.keys():  # noqa: ASYNC110 - the relay sets no event
                await asyncio.sleep(0.01)
    return [confirms.at[person] - at for person, at in list(committed.items())[PACE:]]


def _commands(url: str, size: int) -> dict[UUID, float]:
    return uvloop.run(_paced(url, size))


async def _paced(url: str, size: int) -> dict[UUID, float]:
    """Run commands at an even pace; return when each was committed, by the person it was about, in their order."""
    database, people = Database(url, size=size), [uuid7() for _ in range(PACE * (SECONDS + 1))]
    await database.open()
    poke, committed = Poke(database), dict[UUID, float]()
    async with running(poke), asyncio.TaskGroup() as commands:
        settle_heap()  # as a server does
        started = perf_counter()
        for number, person in enumerate(people):
            commands.create_task(_command(database, poke, person, committed))
            await asyncio.sleep(max(0.0, started + number / PACE - perf_counter()))
    await database.close()
    return {person: committed[person] for person in people}


async def _command(database: Database, poke: Poke, person: UUID, committed: dict[UUID, float]) -> None:
    def done(_: Pending) -> None:
        committed[person] = time()
        poke()

    clock = SystemClock()
    work = SqlWork(database, clock, b"a key for the audit trail", done)
    now = clock.now()
    user = User(id=UserId(person), email=EmailAddress("ada@example.com"), created_at=now, updated_at=now)
    work.emit(UserDeactivated(user_id=person, occurred_at=now), of=user)
    await work.commit()

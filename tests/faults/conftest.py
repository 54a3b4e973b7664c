"""Servers to be killed."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest

from core.postgres.migrating import upgrade
from domain.kernel.ids import uuid7
from tests.support.brokers import start_again
from tests.support.databases import sibling
from tests.support.server import Missing, Server
from tests.support.servers import private_postgres, private_rabbitmq

ROOT = Path(__file__).parents[2]
LONG = os.environ.get("GATEWRIGHT_FAULTS") == "long"


@dataclass
class Cluster:
    """A Postgres with a database of the test's own, a RabbitMQ, and workers."""

    postgres: Server
    rabbit: Server
    name: str
    """Of the database and the exchange."""
    workers: list[Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The database."""
        return sibling(self.postgres.url, self.name)

    async def hire(self, *fate: str) -> Process:
        """Start a worker; `fate` is when it kills itself, as `tests.faults.dying` has it."""
        paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.dying" if fate else "tests.support.worker_process",
            *fate,
            self.url,
            self.rabbit.url,
            self.name,
            stdout=PIPE if fate else None,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths},
        )
        self.workers.append(worker)
        return worker

    async def lose(self, worker: Process) -> None:
        """Kill a worker."""
        with suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()
        self.workers.remove(worker)


@pytest.fixture(scope="module")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Server, Server]]:
    """A Postgres and a RabbitMQ that nobody else uses; each test leaves them running."""
    folder = tmp_path_factory.mktemp("servers")
    try:
        postgres, rabbit = private_postgres(folder), private_rabbitmq(folder)
    except Missing as reason:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(reason))
    with postgres, rabbit:
        await start_again(rabbit)
        yield postgres, rabbit


@pytest.fixture
async def cluster(servers: tuple[Server, Server]) -> AsyncIterator[Cluster]:
    made = Cluster(*servers, f"faults{uuid7().hex}")
    connection = await asyncpg.connect(made.postgres.url)
    await connection.execute(f"CREATE DATABASE {made.name}")
    await connection.close()
    await asyncio.to_thread(upgrade, made.url)
    yield made
    for worker in list(made.workers):
        await made.lose(worker)

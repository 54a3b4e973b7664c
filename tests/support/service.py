"""The service as it is run: real processes on real servers, all of which a test may kill, stall and start again."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any, Final
from urllib.request import urlopen

import asyncpg
import pytest

from core.postgres.migrating import upgrade
from core.processes import spawn, until
from domain.kernel.ids import uuid7
from tests.support.databases import sibling
from tests.support.http import Caller, once
from tests.support.patient import Patient
from tests.support.server import Missing, Port, Server
from tests.support.servers import private_mongodb, private_postgres, private_rabbitmq, private_redis

SOURCES: Final = Path(__file__).parents[2] / "src"
LONG: Final = os.environ.get("GATEWRIGHT_FAULTS") == "long"
PASSWORD: Final = "correct horse battery staple"
SECRET: Final = "wQ7rDmV2kY9sXbT4nGfJ6hLzPc8eRuAa"


@dataclass
class Program:
    """One process of the service with all its children, dead at the latest when this one is."""

    command: str
    environment: dict[str, str]
    log: Path
    ready: Callable[[], bool] = lambda: True
    _process: Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, and return when it is ready."""
        self.launch()
        if not until(lambda: self.gone or self.ready(), 60) or self.gone:
            raise AssertionError(f"{self.command} did not start: {self.log.read_text('utf-8', 'replace')[-3000:]}")

    def launch(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self._process = spawn(
                [sys.executable, "-m", "api.cli", self.command], log, None, environment=self.environment
            )

    @property
    def pid(self) -> int:
        """The process that was started."""
        assert self._process, f"{self.command} is not running"
        return self._process.pid

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        return not self._process or self._process.poll() is not None

    def kill(self) -> None:
        """End it and its children without a warning."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        assert self._process
        self._process.wait()

    def stall(self) -> None:
        """Freeze it and its children."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        os.killpg(self.pid, signal.SIGCONT)

    def stop(self) -> float:
        """Ask it to end; return how many seconds that took."""
        started = time.monotonic()
        if self._process and not self.gone:
            os.kill(self.pid, signal.SIGTERM)
            if not until(lambda: self.gone, 20):
                self.kill()
                raise AssertionError(f"{self.command} did not stop")
        return time.monotonic() - started


@dataclass
class Stack:
    """The servers of one run of these tests, each started when it is first asked for."""

    folder: Path
    _made: dict[str, Server] = field(default_factory=dict)
    _running: ExitStack = field(default_factory=ExitStack)

    @property
    def postgres(self) -> Server:
        return self._server("postgres", private_postgres)

    @property
    def redis(self) -> Server:
        return self._server("redis", private_redis)

    @property
    def rabbit(self) -> Server:
        return self._server("rabbit", private_rabbitmq)

    @property
    def mongodb(self) -> Server:
        return self._server("mongodb", private_mongodb)

    def discard(self) -> None:
        """Stop everything."""
        self._running.close()

    def _server(self, name: str, make: Callable[[Path], Server]) -> Server:
        if name not in self._made:
            self._made[name] = self._running.enter_context(make(self.folder))
        return self._made[name]


@dataclass
class Service:
    """One deployment: a database of its own, an API, and as many workers as are hired."""

    stack: Stack
    folder: Path
    brokered: bool = False
    """Whether there is a RabbitMQ."""
    more: dict[str, str] = field(default_factory=dict)
    """Settings, without `GATEWRIGHT_`."""
    port: Port = field(default_factory=Port)
    database: str = field(default_factory=lambda: f"faults{uuid7().hex}")
    workers: list[Program] = field(default_factory=list)
    api: Program = field(init=False)

    def __post_init__(self) -> None:
        self.api = self._program("serve", self.answers)

    @property
    def url(self) -> str:
        """The database."""
        return sibling(self.stack.postgres.url, self.database)

    @property
    def logs(self) -> str:
        """Everything that the processes have said."""
        return "".join(file.read_text("utf-8", "replace") for file in sorted(self.folder.glob("*.log")))

    async def open(self) -> None:
        """Make the database and start the API."""
        connection = await asyncpg.connect(self.stack.postgres.url)
        await connection.execute(f"CREATE DATABASE {self.database}")
        await connection.close()
        await asyncio.to_thread(upgrade, self.url)
        await asyncio.to_thread(self.api.start)

    def hire(self) -> Program:
        """Start a worker, and return when it works."""
        worker = self._program("worker", lambda: "at work" in worker.log.read_text("utf-8", "replace"))
        worker.start()
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        """Stop the processes."""
        for program in (self.api, *self.workers):
            if not program.gone:
                program.kill()
        self.port.free()

    def answers(self) -> bool:
        """Whether the API is ready."""
        with suppress(OSError), urlopen(f"http://127.0.0.1:{self.port.number}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
        return False

    def caller(self, token: str | None = None, **more: Any) -> Caller:
        """Return a client."""
        return Caller(self.port.number, token=token, **more)

    def patient(self, token: str | None = None, **more: Any) -> Patient:
        """Return a client that asks again when a process cannot tell."""
        return Patient(self.port.number, token=token, **more)

    @asynccontextmanager
    async def sql(self) -> AsyncIterator[Any]:
        """Connect to the database."""
        connection = await asyncpg.connect(self.url, timeout=20)
        try:
            yield connection
        finally:
            await connection.close()

    async def person(self, email: str) -> str:
        """Sign somebody up and in; return their access token."""
        return str((await self.tokens(email))["access_token"])

    async def tokens(self, email: str) -> dict[str, Any]:
        """Sign somebody up and in."""
        async with self.patient() as call:
            made = await call("POST", "/auth/signup", {"email": email, "password": PASSWORD}, once())
            assert made.status == 201, made
            return await self.sign_in(email)

    async def sign_in(self, email: str) -> dict[str, Any]:
        """Sign somebody in."""
        async with self.patient() as call:
            tokens = await call("POST", "/auth/login", {"email": email, "password": PASSWORD})
            assert tokens.status == 200, tokens
            return dict(tokens.json())

    def _program(self, command: str, ready: Callable[[], bool]) -> Program:
        settings = {
            "ENVIRONMENT": "test",
            "DATABASE_URL": self.url,
            "REDIS_URL": self.stack.redis.url,
            "PORT": str(self.port.number),
            "DATA_DIR": str(self.folder / "data"),
            "SECRET": SECRET,
            "SIGN_UP_LIMIT": "0",
            "SIGN_IN_LIMIT": "0",
            "REFRESH_LIMIT": "0",
            "REVOKE_LIMIT": "0",
            "COMMAND_LIMIT": "0",
            "SEARCH_LIMIT": "0",
            "INVITATION_LIMIT": "0",
            **({"RABBITMQ_URL": self.stack.rabbit.url} if self.brokered else {}),
            **self.more,
        }
        environment = {name: text for name, text in os.environ.items() if not name.startswith("GATEWRIGHT_")}
        environment |= {"PYTHONPATH": str(SOURCES)} | {f"GATEWRIGHT_{name}": text for name, text in settings.items()}
        return Program(command, environment, self.folder / f"{command}-{len(self.workers)}.log", ready)


@contextmanager
def stacked(folder: Path) -> Iterator[Stack]:
    """Have servers for as long as the block."""
    made = Stack(folder)
    try:
        yield made
    finally:
        made.discard()


@asynccontextmanager
async def deployed(stack: Stack, folder: Path, *, brokered: bool = False, **more: str) -> AsyncIterator[Service]:
    """Run the service for as long as the block; `more` are settings, without `GATEWRIGHT_`."""
    service = Service(stack, folder, brokered, more)
    try:
        await service.open()
        yield service
    finally:
        service.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers that nobody else uses; each test leaves running what it asked for."""
    with stacked(tmp_path_factory.mktemp("stack")) as made:
        try:
            _ = made.postgres, made.redis
        except Missing as reason:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(str(reason))
        yield made


@pytest.fixture(scope="module")
async def shared(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """The same for all tests of a module, none of which leaves anything behind that others see."""
    async with deployed(stack, tmp_path_factory.mktemp("shared")) as made:
        yield made


@pytest.fixture
async def service(stack: Stack, tmp_path: Path) -> AsyncIterator[Service]:
    """The API on Postgres and Redis, without a worker."""
    async with deployed(stack, tmp_path) as made:
        yield made

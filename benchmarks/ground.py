"""The servers and the processes that are measured."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil

from core.postgres.database import Database
from core.postgres.embedded import EmbeddedPostgres
from core.postgres.migrating import upgrade
from core.processes import end, spawn, until
from core.redis.embedded import embedded_redis
from core.settings import Settings
from domain.kernel.ids import uuid7
from tests.support.server import Port

ROOT: Final = Path(__file__).parents[1]
PASSWORD: Final = "correct horse battery staple"
PATIENCE: Final = 60.0
"""Seconds that a process may take to answer."""


@dataclass
class Ground:
    """What the benchmarks of one run share; each part is started by the first that needs it."""

    folder: Path
    running: ExitStack
    pids: dict[str, int] = field(default_factory=dict)
    """By address: the process that was started to answer there."""

    @cached_property
    def settings(self) -> Settings:
        """Settings of a service on real servers: named by `GATEWRIGHT_BENCH_*_URL`, else embedded."""
        database, redis = os.environ.get("GATEWRIGHT_BENCH_DATABASE_URL"), os.environ.get("GATEWRIGHT_BENCH_REDIS_URL")
        if database is None:
            postgres = EmbeddedPostgres(self.folder)
            postgres.start()
            self.running.callback(postgres.stop)
            database = postgres.url
        if redis is None:
            valkey = embedded_redis(self.folder)
            valkey.start()
            self.running.callback(valkey.stop)
            redis = valkey.url
        upgrade(database)
        return Settings.model_validate(
            {"database_url": database, "redis_url": redis, "data_dir": self.folder, "port": self.port()}
        )

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """Open the pools of a process of the service."""
        assert self.settings.database_url
        database = Database(self.settings.database_url.get_secret_value(), size=self.settings.database_pool_size)
        await database.open()
        try:
            yield database
        finally:
            await database.close()

    @cached_property
    def service(self) -> "Service":
        """The whole service: one process that answers and one that works."""
        settings = self.settings
        assert settings.database_url
        assert settings.redis_url
        names = {
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "REDIS_URL": settings.redis_url.get_secret_value(),
            "DATA_DIR": str(self.folder),
            "PORT": str(settings.port),
        }
        environment = {f"GATEWRIGHT_{name}": value for name, value in names.items()}
        self.running.enter_context(self.process(["-m", "api.cli", "worker"], environment))
        service = Service(settings.served_at)
        ready = f"{service.url}/health/ready"
        process = self.running.enter_context(self.answering(["-m", "api.cli", "serve"], ready, environment))
        self.pids[service.url] = process.pid
        return service

    @cached_property
    def bare(self) -> str:
        """The address of the bare routes, on the same server with the same settings."""
        url = f"http://127.0.0.1:{self.port()}"
        process = self.running.enter_context(
            self.answering(["-m", "benchmarks.bare", url.rpartition(":")[2]], f"{url}/bare")
        )
        self.pids[url] = process.pid
        return url

    def work(self, url: str) -> float:
        """Return the seconds of all cores that the processes which answer at `url` have used so far."""
        parent = psutil.Process(self.pids[url])
        return sum(sum(each.cpu_times()[:2]) for each in [parent, *parent.children(recursive=True)])

    def port(self) -> int:
        """Return a port that nobody else is given until the end of the run."""
        port = Port()
        self.running.callback(port.free)
        return port.number

    @contextmanager
    def process(
        self, arguments: list[str], environment: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run Python beside the block; what it says is kept in the folder."""
        with (self.folder / "processes.log").open("ab") as log:
            process = spawn([sys.executable, *arguments], log, environment=surroundings(environment or {}))
        try:
            yield process
        finally:
            end(process.pid, lambda: process.poll() is None, (signal.SIGTERM, signal.SIGKILL))

    @contextmanager
    def answering(
        self, arguments: list[str], url: str, environment: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Do the same; begin the block when `url` answers."""
        with self.process(arguments, environment) as process:
            if not until(lambda: process.poll() is not None or answers(url), PATIENCE) or process.poll() is not None:
                raise RuntimeError(f"{arguments} did not start:\n{(self.folder / 'processes.log').read_text()[-2000:]}")
            yield process


def surroundings(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that is measured: nobody else's settings, and compiled modules are kept."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GATEWRIGHT_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**own, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **more}


@contextmanager
def ground() -> Iterator[Ground]:
    """Lend a folder, and what is started in it; stop and remove all of it."""
    folder = Path(tempfile.mkdtemp(prefix="gatewright-bench-"))
    folder.chmod(0o711)
    try:
        with ExitStack() as running:
            yield Ground(folder, running)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Service:
    """A service that answers at `url`."""

    url: str

    def person(self, email: str = "") -> str:
        """Sign somebody up; return their address. Their password is `PASSWORD`."""
        email = email or f"{uuid7()}@example.com"
        call("POST", f"{self.url}/auth/signup", {"email": email, "password": PASSWORD})
        return email

    def tokens(self, email: str) -> dict[str, Any]:
        """Sign them in."""
        return call("POST", f"{self.url}/auth/login", {"email": email, "password": PASSWORD})

    def tokens_at_once(self, email: str) -> dict[str, Any]:
        """Sign them in without a password, which costs no hash."""
        return call("POST", f"{self.url}/auth/dev/login", {"email": email})


def call(method: str, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Send JSON and return JSON."""
    request = Request(url, json.dumps(body).encode(), {"content-type": "application/json"}, method=method)
    try:
        with urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except HTTPError as error:
        raise RuntimeError(f"{method} {url}: {error.code} {error.read().decode()[:500]}") from error


def answers(url: str) -> bool:
    """Tell whether there is a 200."""
    try:
        with urlopen(url, timeout=1) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False

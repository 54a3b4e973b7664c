"""Everything on one machine, from one command."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from api import address
from api.starting import Hopeless, free_port, migrated, setup_is_open
from core.keys import Keys
from core.postgres.embedded import EmbeddedPostgres
from core.processes import StartFailed, end, spawn, tell, until
from core.redis.embedded import EmbeddedRedis, embedded_redis
from core.settings import PREFIX, Settings
from core.supervision import AlreadyRunning
from core.unprivileged import Unavailable

PATIENCE: Final = 60.0
"""Seconds that the API may take to be ready."""
SOUND: Final = 10.0
"""A process that lived for so many seconds is started again at once; others ever more patiently."""
LOOK: Final = 0.2
"""Seconds between two looks at our processes."""
LEAVE: Final = 12.0
"""Seconds that a process has to finish what it has begun."""


@dataclass(slots=True)
class Child:
    """One of our own processes, started again whenever it ends."""

    name: str
    settings: dict[str, str] = field(init=False)
    """What it is told beyond our own environment."""
    process: subprocess.Popen[bytes] = field(init=False)
    _born: float = field(init=False, default=0.0)
    _pause: float = field(init=False, default=0.0)

    def start(self) -> None:
        """Start it; it imports what it needs, and then waits to be told."""
        arguments = [sys.executable, "-m", "api.prepared", self.name]
        self._born = time.monotonic()
        # It reads the same `.env`, and means the same by a relative path.
        self.process = spawn(arguments, sys.stdout.buffer, words=None, folder=Path.cwd())

    def tell(self, settings: dict[str, str]) -> None:
        """Let it work, with these settings."""
        self.settings = settings
        tell(self.process, json.dumps(settings).encode())

    def mend(self) -> None:
        """Start it again if it has ended."""
        if self.process.poll() is None or time.monotonic() < self._born + self._pause:
            return
        lived = time.monotonic() - self._born
        self._pause = 0.0 if lived > SOUND else min(self._pause * 2 + 0.2, SOUND)
        _say(f"the {self.name} process ended ({self.process.returncode}); it is started again")
        self.start()
        self.tell(self.settings)

    def stop(self) -> None:
        """Ask it to finish, and wait for that; do nothing if it has ended."""
        if self.process.poll() is not None:
            return
        end(self.process.pid, lambda: self.process.poll() is None, (signal.SIGTERM, signal.SIGKILL), LEAVE)


def run_everything(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; raise `Hopeless` if something cannot start."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    port = free_port(settings)
    if port != settings.port:
        _say(f"port {settings.port} is taken, so this one serves on {port}; GATEWRIGHT_PORT chooses another")
    # In this order they are told to work, and in the opposite one stopped: no request is accepted that nobody is left
    # to finish. The one that answers has more to import, so it starts first.
    children = worker, server = Child("worker"), Child("serve")
    with ExitStack() as running:
        for child in (server, worker):
            child.start()
            running.callback(child.stop)
        servers = running.enter_context(_servers(settings))
        issuer = settings.issuer or f"http://{settings.host}:{port}"
        told = servers | {f"{PREFIX}PORT": str(port), f"{PREFIX}ISSUER": issuer}
        migrated(told[f"{PREFIX}DATABASE_URL"])
        running.enter_context(address.noted(settings, issuer))
        for child in children:
            child.tell(told)
            running.callback(child.stop)
        _welcome(settings, told, stop)
        while not stop.wait(LOOK):
            for child in children:
                child.mend()


@contextmanager
def _servers(settings: Settings) -> Iterator[dict[str, str]]:
    """Start the servers that are not configured, side by side; give the settings that name them."""
    embedded: dict[str, EmbeddedPostgres | EmbeddedRedis] = {}
    if settings.database_url is None:
        embedded["DATABASE_URL"] = EmbeddedPostgres(settings.folder)
    if settings.redis_url is None:
        embedded["REDIS_URL"] = embedded_redis(settings.folder)
    with ExitStack() as running:
        try:
            settings.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
            with ThreadPoolExecutor(2) as starters:
                started = [starters.submit(server.start) for server in embedded.values()]
            for server, outcome in zip(embedded.values(), started, strict=True):
                if outcome.exception() is None:
                    running.callback(server.stop)
            for outcome in started:
                outcome.result()
        except (AlreadyRunning, Unavailable, StartFailed, OSError) as error:
            raise Hopeless(str(error)) from error
        for server in embedded.values():
            server.watch()
        configured = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
        urls = {name: secret.get_secret_value() for name, secret in configured.items() if secret}
        urls |= {name: server.url for name, server in embedded.items()}
        yield {f"{PREFIX}{name}": url for name, url in urls.items()}


def _welcome(settings: Settings, environment: Mapping[str, str], stop: threading.Event) -> None:
    """Say where everything is, once it answers; raise `Hopeless` if it never does."""
    local = f"http://{'127.0.0.1' if settings.host == '0.0.0.0' else settings.host}:{environment[f'{PREFIX}PORT']}"  # noqa: S104 - compared, not bound
    if not until(lambda: stop.is_set() or _answers(f"{local}/health/ready"), PATIENCE):
        raise Hopeless(f"{local}/health/ready does not say 200; what it says, and the log above, tell why.")
    if stop.is_set():
        return
    base = environment[f"{PREFIX}ISSUER"].rstrip("/")
    _say(f"ready: {base}")
    if settings.serves_docs:
        _say(f"  try it        {base}/auth/docs   read it {base}/auth/redoc   manual {base}/auth/mkdocs/")
    _say(f"  health        {base}/health/ready   metrics {base}/metrics   data {settings.folder}")
    if settings.is_dev and setup_is_open(environment[f"{PREFIX}DATABASE_URL"]):
        _say(f"  first administrator, once: {base}/auth/setup#token={Keys.read(settings).setup}")


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as answer:  # noqa: S310 - our own address
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - people read this

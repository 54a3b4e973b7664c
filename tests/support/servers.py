"""Real servers for tests: one of each kind for a whole run, and others that a test may kill.

    python -m tests.support.servers up [postgres] [redis] [rabbitmq] [mongodb]

starts those named, all four if none is, prints what to export for a Gatewright that shall use them, and keeps them until it is interrupted.
"""

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from domain.kernel.ids import uuid7
from tests.support.containers import IMAGES, Container, docker_answers
from tests.support.private import PrivateMongodb, PrivatePostgres, PrivateRabbitmq, PrivateRedis
from tests.support.server import Missing, Server

NAMES = {"postgres": "DATABASE", "redis": "REDIS", "rabbitmq": "RABBITMQ", "mongodb": "MONGODB"}
"""How the environment variable of each kind is called: `GATEWRIGHT_TEST_<NAME>_URL`."""


@dataclass(frozen=True)
class Found:
    """A server that answers at `url`."""

    url: str
    source: str
    """Where it came from, for people."""
    named: bool = False
    """Whether somebody else keeps it."""


class Lender(Protocol):
    """Who has the servers of this run."""

    def borrow(self, kind: str) -> Found:
        """Return the server of that kind, started if nobody asked before, or raise `Missing`."""


class _Running(Protocol):
    @property
    def url(self) -> str: ...

    def start(self) -> None: ...

    def discard(self) -> None: ...


@dataclass
class Servers:
    """The servers of this process: named by URL, else in containers, else the programs of this machine."""

    found: dict[str, Found | Missing] = field(default_factory=dict)
    _running: list[_Running] = field(default_factory=list)
    _locks: dict[str, threading.Lock] = field(default_factory=lambda: {kind: threading.Lock() for kind in NAMES})

    def borrow(self, kind: str) -> Found:
        with self._locks[kind]:
            if kind not in self.found:
                try:
                    self.found[kind] = self._find(kind)
                except Missing as reason:
                    self.found[kind] = reason
        found = self.found[kind]
        if isinstance(found, Missing):
            raise found
        return found

    def discard(self) -> None:
        """Stop what was started."""
        while self._running:
            self._running.pop().discard()

    def _find(self, kind: str) -> Found:
        variable = f"GATEWRIGHT_TEST_{NAMES[kind]}_URL"
        if url := os.environ.get(variable):
            return Found(url.replace("+asyncpg://", "://", 1), f"named by {variable}", named=True)
        if docker_answers():
            image = IMAGES[kind]
            return self._start(Container(image), f"container {image.name}")
        server = PRIVATE[kind](Path(tempfile.gettempdir()) / f"gatewright-{kind}-{uuid7().hex}")
        return self._start(server, server.origin)

    def _start(self, server: _Running, source: str) -> Found:
        self._running.append(server)
        server.start()
        return Found(server.url, source)


def private_postgres(folder: Path) -> Server:
    """Return a Postgres of one's own, not yet started."""
    return PrivatePostgres(folder / "postgres")


def private_redis(folder: Path) -> Server:
    """Return a Redis of one's own, not yet started."""
    return PrivateRedis(folder / "redis")


def private_rabbitmq(folder: Path) -> Server:
    """Return a RabbitMQ node of one's own, not yet started."""
    return PrivateRabbitmq(folder / "rabbitmq")


def private_mongodb(folder: Path) -> Server:
    """Return a MongoDB, or what speaks its protocol, of one's own, not yet started."""
    return PrivateMongodb(folder / "mongodb")


PRIVATE: dict[str, type[Server]] = {
    "postgres": PrivatePostgres,
    "redis": PrivateRedis,
    "rabbitmq": PrivateRabbitmq,
    "mongodb": PrivateMongodb,
}


def up(kinds: Iterable[str]) -> None:
    """Start servers, print their addresses as shell commands, and wait for a signal."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    servers = Servers()
    try:
        for kind in kinds:
            name = NAMES[kind]
            try:
                found = servers.borrow(kind)
            except Missing as reason:
                _say(f"# {kind}: {reason}")
            else:
                end = "URI" if kind == "mongodb" else "URL"
                _say(f"export GATEWRIGHT_{name}_{end}='{found.url}'  # {found.source}")
        while True:
            signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        servers.discard()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    verb, *chosen = sys.argv[1:] or [""]
    if verb != "up" or not NAMES.keys() >= set(chosen):
        sys.exit(__doc__)
    up(chosen or NAMES)

"""One set of servers for a whole run, however many worker processes share it: the first that asks has one started."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

import pytest

from tests.support.server import Missing
from tests.support.servers import Found, Lender, Servers

LENDER = pytest.StashKey[Lender]()
_COUNTER = pytest.StashKey["Counter"]()
_ADDRESS, _KEY = "gatewright_servers", "gatewright_servers_key"


@dataclass
class Counter:
    """Lends the servers of this process to others."""

    servers: Servers
    listener: Listener
    key: bytes

    def serve(self) -> None:
        """Answer until the listener is closed."""
        with suppress(OSError):
            while True:
                with suppress(AuthenticationError):
                    client = self.listener.accept()
                    threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: Connection) -> None:
        with client:
            try:
                client.send(self.servers.borrow(client.recv()))
            except Exception as reason:  # noqa: BLE001 - the worker that asked has to tell it, whatever it is
                client.send(reason if isinstance(reason, Missing) else RuntimeError(str(reason)))


@dataclass
class Borrower:
    """Borrows them from the process that controls this one."""

    address: str
    key: bytes

    def borrow(self, kind: str) -> Found:
        with Client(self.address, authkey=self.key) as counter:
            counter.send(kind)
            answer = counter.recv()
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Found)
        return answer


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", None)
    config.stash[LENDER] = Borrower(given[_ADDRESS], given[_KEY]) if given else Servers()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where to ask."""
    stash = node.config.stash
    if _COUNTER not in stash:
        key = os.urandom(32)
        stash[_COUNTER] = Counter(stash[LENDER], Listener(family="AF_UNIX", authkey=key), key)
        threading.Thread(target=stash[_COUNTER].serve, name="lending", daemon=True).start()
    node.workerinput[_ADDRESS] = stash[_COUNTER].listener.address
    node.workerinput[_KEY] = stash[_COUNTER].key


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for line in _summary(config):
        terminalreporter.write_line(line)


def _summary(config: pytest.Config) -> Iterator[str]:
    servers = config.stash[LENDER]
    if isinstance(servers, Servers):
        for kind, found in sorted(servers.found.items()):
            yield f"{kind}: {found.source if isinstance(found, Found) else f'missing, {found}'}"


def pytest_unconfigure(config: pytest.Config) -> None:
    if _COUNTER in config.stash:
        config.stash[_COUNTER].listener.close()
    servers = config.stash.get(LENDER, None)
    if isinstance(servers, Servers):
        servers.discard()

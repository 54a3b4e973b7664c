"""A server of a test's own, that can be killed, frozen and started again at the same address."""

import os
import shutil
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

import psutil

from core.processes import StartFailed, spawn, until
from core.unprivileged import Account, give, unprivileged
from domain.kernel.ids import uuid7
from tests.support.guardian import MARK, guard, marked, release


class Missing(Exception):
    """A server cannot be had on this machine; the message says what to install."""


@dataclass(slots=True)
class Port:
    """A free port of the loopback, held until `free`.

    The socket is bound and never listens: the system gives the port to nobody who did not ask for it by its number,
    while a server may listen on it, since both allow the address to be shared.
    """

    _holder: socket.socket = field(default_factory=socket.socket)
    number: int = field(init=False)

    def __post_init__(self) -> None:
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._holder.bind(("127.0.0.1", 0))
        self.number = self._holder.getsockname()[1]

    def free(self) -> None:
        self._holder.close()


@dataclass
class Server(ABC):
    """One real server with a folder, a port and a password of its own, dead at the latest when this process is.

    `start`, `kill` and `start` again keep the address, and the data where the server promises to. Use it as a context
    to have it started, and in the end stopped with nothing left behind.
    """

    folder: Path
    port: Port = field(default_factory=Port)
    account: Account | None = field(default_factory=unprivileged)
    _process: subprocess.Popen[bytes] | None = None

    name: ClassVar[str]
    halting: ClassVar[signal.Signals] = signal.SIGTERM

    def __post_init__(self) -> None:
        """Move to a folder that the server's account can reach: root's temporary folders are root's alone."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if self.account and not self.account.enters(self.folder.parent):
            self.folder = Path("/tmp") / f"gatewright-{self.name}-{uuid7().hex}"
        self.folder.mkdir(mode=0o700)
        give(self.folder, self.account)
        guard(self.folder)

    @property
    @abstractmethod
    def origin(self) -> str:
        """Where the program came from, for people."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for clients, the same as long as the object lives."""

    @abstractmethod
    def start(self) -> None:
        """Return when it answers."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it is ready."""

    @property
    def pid(self) -> int:
        """The process that was started."""
        assert self._process, f"{self.name} is not running"
        return self._process.pid

    def pids(self) -> list[int]:
        """Every process of the server: its children, and those that hid from it or overwrote their environment."""
        found = set(marked(self.folder))
        if self._process and not self._gone():
            found.add(self.pid)
            with suppress(psutil.NoSuchProcess):
                found.update(child.pid for child in psutil.Process(self.pid).children(recursive=True))
        return sorted(found)

    def kill(self) -> None:
        """End it without a warning; return when nothing of it is left."""
        self._end(kindly=False)

    def stop(self) -> None:
        """End it kindly; do nothing if it is not running."""
        if self._process:
            self.resume()
            self._end(kindly=True)

    def stall(self) -> None:
        """Freeze it: connections stay, nothing is answered."""
        self._signal(self.pids(), signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(self.pids(), signal.SIGCONT)

    def discard(self) -> None:
        """Stop it and remove all it had."""
        self.stop()
        self.port.free()
        shutil.rmtree(self.folder, ignore_errors=True)
        release(self.folder)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.discard()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def _launch(
        self,
        arguments: Sequence[str | Path],
        environment: Mapping[str, str] | None = None,
        dies_with: signal.Signals = signal.SIGKILL,
        seconds: float = 90,
    ) -> None:
        with (self.folder / "log").open("ab") as log:
            marks = {**os.environ, **(environment or {}), MARK: str(self.folder)}
            self._process = spawn(arguments, log, self.account, dies_with, marks)
        if not until(lambda: self._gone() or self.answers(), seconds) or self._gone():
            said = (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
            self._end(kindly=False)
            raise StartFailed(f"{self.name} did not start:\n{said}")

    def _gone(self) -> bool:
        return not self._process or self._process.poll() is not None

    def _halt(self) -> None:
        """Ask it to end."""
        self._signal([self.pid], self.halting)

    def _end(self, *, kindly: bool) -> None:
        pids = self.pids()
        if kindly:
            self._halt()
            until(self._gone, 20)
        while not self._gone() or any(map(_runs, pids := self.pids())):
            self._signal(pids, signal.SIGKILL)
            until(lambda: self._gone() and not any(map(_runs, pids)), 1)
        self._process = None

    @staticmethod
    def _signal(pids: Sequence[int], number: signal.Signals) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def replies(port: int, greeting: bytes, host: str = "127.0.0.1") -> bool:
    """Whether somebody at `port` has anything to say to `greeting`."""
    try:
        with socket.create_connection((host, port), 1) as client:
            client.sendall(greeting)
            return bool(client.recv(1))
    except OSError:
        return False

"""Servers that run as children of this process: one per folder, gone when it is gone, back when they are killed."""

import logging
import os
import shutil
import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, ClassVar

from core.processes import StartFailed, end, last_words, until
from core.sockets import socket_folder
from core.unprivileged import HOME, Account, Unavailable, placed, unprivileged

_log = logging.getLogger(__name__)


PATIENCE = 120
"""Seconds until a server that does not answer is given up; recovery after a crash takes some."""

SOUND = 30.0
"""Seconds: a server that lived so long starts again at once; one that did not waits, ever longer, but no longer."""


class AlreadyRunning(Exception):
    """Another process of ours uses the folder; the message is one line that says what to do."""


@dataclass(slots=True)
class EmbeddedServer(ABC):
    """A server with a folder of its own, below the data folder `folder`."""

    folder: Path
    home: Path = HOME
    """Where root keeps what the server's account cannot reach below `folder`."""

    place: Path = field(init=False)
    sockets: Path = field(init=False)
    account: Account | None = field(init=False, default=None)
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None)
    _unsaid: int = field(init=False, default=0)
    _lock: IO[str] | None = field(init=False, default=None)
    _watcher: threading.Thread | None = field(init=False, default=None)
    _turn: threading.Lock = field(init=False, default_factory=threading.Lock)
    _ending: threading.Event = field(init=False, default_factory=threading.Event)

    name: ClassVar[str]
    setting: ClassVar[str]
    """The environment variable that names a server of one's own instead."""
    halting: ClassVar[Sequence[signal.Signals]]
    """The signals that stop it, the kindest first."""

    def start(self) -> None:
        """Return when the server answers.

        Raise `AlreadyRunning` if another process has the folder, `Unavailable` if it cannot run here, `StartFailed`.
        """
        if os.name != "posix":
            raise Unavailable(f"There is no embedded {self.name} for this system: set {self.setting}.")
        self.account = unprivileged()
        self.place = placed(self.folder / self.name, self.account, self.home)
        self._lock = _exclusive(self.place / "lock")
        self.sockets = self.place / "run"
        try:
            self.sockets = socket_folder(self.place, self.account)
            self._ending.clear()
            if (self.place / "log").exists():
                (self.place / "log").replace(self.place / "log.1")
            self._prepare()
            self._process = self._launch()
        except BaseException:
            self._release()
            raise

    def stop(self) -> None:
        """Stop the server and give the folder back; do nothing if it is not running."""
        self._ending.set()
        with self._turn:
            process, self._process = self._process, None
            if process:
                end(process.pid, lambda: process.poll() is None, self.halting)
        if self._watcher:
            self._watcher.join()
            self._watcher = None
        self._release()

    def watch(self) -> None:
        """Start the server again whenever it dies, until `stop`: at once, and ever more patiently."""
        if not self._watcher:
            self._watcher = threading.Thread(target=self._keep, name=f"{self.name}-watcher", daemon=True)
            self._watcher.start()

    @property
    def pid(self) -> int:
        """The process that answers now."""
        assert self._process, f"{self.name} is not running"
        return self._process.pid

    @abstractmethod
    def _prepare(self) -> None:
        """Make what the first start needs, before anything is launched."""

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]:
        """Return a server that answers, at the same address as ever, or raise `StartFailed`."""

    def _open_log(self) -> IO[bytes]:
        """Open the server's log for what a process has to say; errors in it may quote what people entered."""
        log = os.fdopen(os.open(self.place / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")
        self._unsaid = os.fstat(log.fileno()).st_size
        return log

    def _last_words(self) -> str:
        log = self.place / "log"
        return f"{last_words(log, self._unsaid)} (see {log})"

    def _await(self, process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
        def settled() -> bool:
            return process.poll() is not None or self._ending.is_set() or ready()

        if until(settled, PATIENCE) and process.poll() is None and not self._ending.is_set():
            return
        if process.poll() is None:
            end(process.pid, lambda: process.poll() is None, self.halting)
        raise StartFailed(f"{self.name} did not start: {self._last_words()}")

    def _keep(self) -> None:
        delay = 0.0
        while process := self._process:
            born = time.monotonic()
            process.wait()
            died = time.monotonic()
            delay = min(delay * 2 + 0.1, SOUND) if died - born < SOUND else 0.0
            while not self._ending.wait(delay):
                with self._turn:
                    if self._ending.is_set():
                        return
                    try:
                        self._process = self._launch()
                    except RuntimeError:  # the interpreter is going down, and they with it
                        return
                    except (StartFailed, OSError) as error:
                        delay = min(delay * 2 + 0.1, SOUND)
                        _log.error("%s ended (%s), and again: %s", self.name, process.returncode, error)
                        continue
                _log.warning(
                    "%s ended (%s), started again after %.1f s", self.name, process.returncode, time.monotonic() - died
                )
                break
            else:
                return

    def _release(self) -> None:
        if self._lock:
            if self.sockets.parent != self.place:
                shutil.rmtree(self.sockets, ignore_errors=True)
            self._lock.close()
            self._lock = None


def _exclusive(file: Path) -> IO[str]:
    from fcntl import LOCK_EX, LOCK_NB, flock  # noqa: PLC0415 - there is none on Windows

    hint = "set GATEWRIGHT_DATA_DIR to another folder"
    try:
        lock = file.open("a+", encoding="ascii")
    except OSError as error:
        raise Unavailable(f"{file} cannot be used ({error.strerror}): {hint}.") from None
    try:
        flock(lock, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read()
        lock.close()
        raise AlreadyRunning(f"{file.parent} is in use by process {holder}: stop it, or {hint}.") from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock

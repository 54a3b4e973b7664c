"""Children of this process: started, recognised, stopped."""

import contextlib
import ctypes
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from core.unprivileged import Account

_PR_SET_PDEATHSIG = 1
_prctl: Callable[[int, int], int] | None = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

# The kernel sends the death signal when the *thread* that forked ends: fork from one that lasts as long as the process.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


class StartFailed(Exception):
    """The server ended before it was ready, or took too long; the message bears its last words."""


def spawn(
    arguments: Sequence[str | Path],
    log: IO[bytes],
    account: Account | None = None,
    dies_with: signal.Signals = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
    words: bytes | None = b"",
    folder: Path = Path("/"),
) -> subprocess.Popen[bytes]:
    """Start a child as `account` that gets the signal `dies_with` when this process ends, however it ends.

    `words` is what it reads from its standard input; with None, `tell` says it later. It works in `folder`, and has a
    session of its own, so that a Ctrl-C meant for us leaves it to us to stop it.
    """
    return _spawner.submit(_spawn, arguments, log, account, dies_with, environment, words, folder).result()


def tell(child: subprocess.Popen[bytes], words: bytes) -> None:
    """Have `child` read `words`, and the end, from its standard input; do nothing if it is gone."""
    assert child.stdin
    with contextlib.suppress(BrokenPipeError), child.stdin as door:
        door.write(words)


def _spawn(
    arguments: Sequence[str | Path],
    log: IO[bytes],
    account: Account | None,
    dies_with: signal.Signals,
    environment: Mapping[str, str] | None,
    words: bytes | None,
    folder: Path,
) -> subprocess.Popen[bytes]:
    parent = os.getpid()

    def follow() -> None:
        if _prctl:
            _prctl(_PR_SET_PDEATHSIG, dies_with)
        if os.getppid() != parent:
            os._exit(1)

    child = subprocess.Popen(  # noqa: S603 - programs of ours
        arguments,
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        cwd=folder,
        env=environment,
        start_new_session=True,
        preexec_fn=follow,  # noqa: PLW1509 - changing the account clears the death signal, so nothing earlier will do
        **(account.process if account else {}),
    )
    if words is not None:
        tell(child, words)
    return child


def runs(pid: int, program: str, argument: str) -> bool:
    """Tell whether `pid` lives, is called `program` and was given `argument`: a bare number may be anybody's by now."""
    proc = Path("/proc")
    if proc.joinpath("self").exists():
        try:
            words = proc.joinpath(str(pid), "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return Path(os.fsdecode(words[0])).name == program and os.fsencode(argument) in words
    # A command line with spaces in it cannot be taken apart: compare what stands between them.
    told = subprocess.run(["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True)  # noqa: S603, S607, PLW1510 - our own words, and no such process is an answer
    state, _, command = told.stdout.strip().partition(" ")
    return not state.startswith("Z") and f"/{program} " in f"/{command} " and f" {argument} " in f"{command} "


def end(pid: int, alive: Callable[[], bool], signals: Sequence[signal.Signals], patience: float = 10) -> None:
    """Send `signals` one after the other, `patience` seconds apart, until `alive` denies."""
    for number in signals:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if until(lambda: not alive(), patience):
            return
    raise StartFailed(f"Process {pid} could not be stopped: stop it by hand.")


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait up to `seconds` for `condition`; tell whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def last_words(log: Path, since: int) -> str:
    """Return why the process that has written to `log` since that offset gave up, as far as it told."""
    with log.open("rb") as file:
        file.seek(since)
        said = [line.strip() for line in file.read().decode(errors="replace").split("\n") if line.strip()]
    fatal = [line for line in said if "FATAL" in line or "PANIC" in line]
    return (fatal or said or ["it did not say why"])[-1]


def working_in(folder: Path) -> list[int]:
    """Return the processes that work in `folder`, as all of one Postgres do; none where the system cannot tell."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if entry.readlink() == folder:
                found.append(int(entry.parent.name))
    return found


def end_with_parent() -> None:
    """Have this process asked to stop when the one that started it ends, however it ends."""
    parent = os.getppid()
    if _prctl:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def settle_heap() -> None:
    """Keep what is there by now as long as the process: looking through it for garbage stops everything for long."""
    gc.collect()
    gc.freeze()

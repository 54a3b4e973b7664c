"""Sees to it that a run that crashes leaves no server and no folder behind."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

import psutil

MARK = "GATEWRIGHT_TEST_SERVER"
"""The environment variable that tells whose a process is, by the server's folder."""


def marked(folder: Path) -> list[int]:
    """Every process that was started for `folder`, its children too, whoever their parent is by now."""
    return [
        process.info["pid"]
        for process in psutil.process_iter(["pid", "environ", "status"])
        if (process.info["environ"] or {}).get(MARK) == str(folder) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def guard(folder: Path) -> None:
    """Have `folder` and the processes marked with it removed when this process ends."""
    _tell("+", folder)


def release(folder: Path) -> None:
    """Leave `folder` alone."""
    _tell("-", folder)


def _tell(verb: str, folder: Path) -> None:
    door = _guardian(os.getpid())
    door.write(f"{verb}{folder}\n")
    door.flush()


@cache
def _guardian(_process: int) -> IO[str]:
    child = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, text=True, start_new_session=True, cwd="/"
    )
    assert child.stdin
    return child.stdin


def _watch() -> None:
    folders: set[str] = set()
    for line in sys.stdin:
        (folders.add if line[0] == "+" else folders.discard)(line[1:-1])
    for folder in map(Path, folders):
        while pids := marked(folder):
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _watch()

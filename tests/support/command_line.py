"""The command line, as a process."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.service import SOURCES

Run = Callable[..., subprocess.CompletedProcess[str]]


def command_line(folder: Path) -> Run:
    """Return what runs the command line to its end in `folder`; settings without their prefix."""

    def call(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "api.cli", *arguments],
            cwd=folder,
            env=environment(**settings),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of a process with these settings and no others."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GATEWRIGHT_")}
    return kept | {"PYTHONPATH": str(SOURCES)} | {f"GATEWRIGHT_{name}": text for name, text in settings.items()}


def refused(ended: subprocess.CompletedProcess[str], *words: str) -> None:
    """Fail unless it ended with 1 and one line that has these words, and no secret."""
    assert ended.returncode == 1, ended
    (line,) = ended.stderr.splitlines()
    assert line.startswith("gatewright: ")
    for word in words:
        assert word in line
    assert "hunter2" not in ended.stdout + ended.stderr

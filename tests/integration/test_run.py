"""`gatewright run`, as the process that it is, in a folder of its own."""

import asyncio
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from tests.support.facts import until
from tests.support.http import once
from tests.support.patient import Patient
from tests.support.server import Port
from tests.support.service import SOURCES

ROOT = {"email": "root@example.com", "password": "correct horse battery staple"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account can enter, unlike those of pytest."""
    made = Path(tempfile.mkdtemp(prefix="gw-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


async def gatewright(folder: Path, command: str, stdout: IO[bytes] | int) -> Process:
    """Start a command there, without any settings of ours."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("GATEWRIGHT_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api.cli", command, cwd=folder, stdout=stdout, env={**ours, "PYTHONPATH": str(SOURCES)}
    )


async def setup_link(folder: Path) -> str:
    """Return what `gatewright setup-link` prints there."""
    said, _ = await (await gatewright(folder, "setup-link", PIPE)).communicate()
    return said.decode().strip()


@asynccontextmanager
async def run(folder: Path, expected: str, ending: signal.Signals = signal.SIGINT) -> AsyncIterator[re.Match[str]]:
    """Run it there for as long as the block, once it has said what is `expected`; end it, which is no failure."""
    log = folder / "log"
    with log.open("wb") as file:
        process = await gatewright(folder, "run", stdout=file)

    async def said() -> re.Match[str] | None:
        assert process.returncode is None, log.read_text()
        return re.search(expected, log.read_text())

    try:
        await until(said, 90)
        found = await said()
        assert found
        yield found
    finally:
        if process.returncode is None:
            process.send_signal(ending)
        status = await asyncio.wait_for(process.wait(), 60)
    assert status == 0, log.read_text()


async def test_keeps_everything_in_the_folder_where_it_is_started(folder: Path) -> None:
    port = Port()
    (folder / ".env").write_text(f"GATEWRIGHT_PORT={port.number}\nGATEWRIGHT_ACCESS_TOKEN_SECONDS=1234\n")

    async with run(folder, r"/auth/setup#token=(\S+)") as link, Patient(port.number) as call:
        made = await call("POST", "/auth/setup", {"token": link[1], **ROOT}, once())
        assert made.status == 201, made
        assert made.headers["server"] == "gatewright"
        tokens = await call("POST", "/auth/login", ROOT)
        assert tokens.json()["expires_in"] == 1234

    async with run(folder, r"ready: http.*") as _, Patient(port.number, token=tokens.json()["access_token"]) as call:
        me = await call("GET", "/auth/me")
        assert (me.status, me.json()["email"]) == (200, ROOT["email"])
    port.free()


async def test_the_setup_link_names_the_port_that_was_taken_instead(folder: Path) -> None:
    with ExitStack() as taken:
        with suppress(OSError):  # whoever has it will do
            taken.enter_context(socket.create_server(("127.0.0.1", 8000)))

        async with run(folder, r"first administrator, once: (\S+)", signal.SIGTERM) as said:
            assert not said[1].startswith("http://127.0.0.1:8000/")
            assert await setup_link(folder) == said[1]

        assert (await setup_link(folder)).startswith("http://127.0.0.1:8000/")

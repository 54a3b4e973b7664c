"""`gatewright run`, as the process that it is, in a folder of its own."""

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.facts import until
from tests.support.http import Caller
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


@asynccontextmanager
async def run(folder: Path, expected: str) -> AsyncIterator[re.Match[str]]:
    """Run it there for as long as the block, once it has said what is `expected`; end it as a Ctrl-C does."""
    log = folder / "log"
    ours = {name: text for name, text in os.environ.items() if not name.startswith("GATEWRIGHT_")}
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api.cli", "run", cwd=folder, stdout=file, env={**ours, "PYTHONPATH": str(SOURCES)}
        )

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
            process.send_signal(signal.SIGINT)
        status = await asyncio.wait_for(process.wait(), 60)
    assert status == 0, log.read_text()


async def test_keeps_everything_in_the_folder_where_it_is_started(folder: Path) -> None:
    port = Port()
    (folder / ".env").write_text(f"GATEWRIGHT_PORT={port.number}\nGATEWRIGHT_ACCESS_TOKEN_SECONDS=1234\n")

    async with run(folder, r"/auth/setup#token=(\S+)") as link, Caller(port.number) as call:
        made = await call("POST", "/auth/setup", {"token": link[1], **ROOT})
        assert made.status == 201, made
        tokens = await call("POST", "/auth/login", ROOT)
        assert tokens.json()["expires_in"] == 1234

    async with run(folder, r"ready: http.*") as _, Caller(port.number, token=tokens.json()["access_token"]) as call:
        me = await call("GET", "/auth/me")
        assert (me.status, me.json()["email"]) == (200, ROOT["email"])
    port.free()

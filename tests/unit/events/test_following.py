"""The example without a broker, as the process that it is."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from domain.kernel.ids import uuid7
from tests.support.builders.people import person_event
from tests.support.feed_server import TOKEN, feed_server
from tests.support.memory.events import MemoryEventLog
from tests.support.server import Port

ROOT = Path(__file__).parents[3]


async def follow(url: str, token: str, folder: Path) -> asyncio.subprocess.Process:
    """Start it."""
    kept = {name: text for name, text in os.environ.items() if name != "AMQP_URL"}
    settings = {"GATEWRIGHT_URL": url, "GATEWRIGHT_TOKEN": token, "DATABASE": str(folder / "users.sqlite3")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "examples.user_service", cwd=ROOT, stdout=PIPE, stderr=PIPE, env=kept | settings
    )


async def test_it_ends_and_says_why_when_its_token_is_refused(tmp_path: Path) -> None:
    async with feed_server(MemoryEventLog()) as url:
        process = await follow(url, "another-token", tmp_path)
        said, complaint = await asyncio.wait_for(process.communicate(), 30)

    assert (process.returncode, said) == (1, b"ready\n")
    assert complaint.decode() == f"{url} refuses the token (401): start again with a new one\n"


async def test_it_asks_again_while_the_feed_does_not_answer(tmp_path: Path) -> None:
    log, person, port = MemoryEventLog(), uuid7(), Port()
    await log.append(person_event("created", uuid7(), 1))
    process = await follow(f"http://127.0.0.1:{port.number}", TOKEN, tmp_path)
    assert process.stdout
    assert process.stderr
    try:
        assert b"asks the feed again in about 0.5 seconds" in await asyncio.wait_for(process.stderr.readline(), 30)
        assert b"asks the feed again in about 1 seconds" in await asyncio.wait_for(process.stderr.readline(), 30)
        async with feed_server(log, port.number):
            assert await asyncio.wait_for(process.stdout.readline(), 30) == b"ready\n"
            while b"copied all there is" not in await asyncio.wait_for(process.stderr.readline(), 30):
                pass
            await log.append(person_event("created", person, 1))
            told = await asyncio.wait_for(process.stdout.readline(), 30)
            assert told.startswith(f"UserCreated {person}".encode())
    finally:
        process.terminate()
        await process.communicate()
        port.free()
    assert process.returncode == 0

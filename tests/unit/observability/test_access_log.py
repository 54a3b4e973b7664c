import re
import subprocess
import sys
from asyncio import sleep
from io import BytesIO

import msgspec
import pytest

from core.access_log import DELAY, AccessLog


async def test_requests_are_written_together() -> None:
    stream = BytesIO()
    log = AccessLog(stream)
    log("GET", "/auth/users/{user_id:uuid}", 200, 0.0123, "ab" * 16)
    log("POST", "/auth/login", 503, 0.5, "cd" * 16)
    assert not stream.getvalue()
    log.flush()
    first, second = (msgspec.json.decode(line) for line in stream.getvalue().splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", first.pop("timestamp"))
    assert first == {
        "level": "info",
        "event": "request",
        "logger": "access",
        "trace_id": "ab" * 16,
        "method": "GET",
        "route": "/auth/users/{user_id:uuid}",
        "status": 200,
        "ms": 12.3,
    }
    assert (second["level"], second["status"]) == ("error", 503)


async def test_requests_are_written_soon_without_being_asked_for() -> None:
    stream = BytesIO()
    AccessLog(stream)("GET", "/", 200, 0.001, "ab" * 16)
    await sleep(2 * DELAY)
    assert len(stream.getvalue().splitlines()) == 1


async def test_requests_of_a_stream_that_is_gone_do_not_pile_up() -> None:
    stream = BytesIO()
    log = AccessLog(stream)
    log("GET", "/", 200, 0.001, "ab" * 16)
    stream.close()
    with pytest.raises(ValueError, match="closed"):
        log.flush()
    log.flush()


def test_requests_that_wait_are_written_at_exit() -> None:
    program = """
import asyncio, sys
from core.access_log import AccessLog
async def main():
    AccessLog(sys.stdout.buffer)("GET", "/", 200, 0.001, "ab" * 16)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd="src", timeout=30)
    assert msgspec.json.decode(done.stdout)["route"] == "/"

"""Load over HTTP: by wrk where it is installed, else by a generator of ours, which also follows chains of tokens.

The generator is a process of its own, `python -m benchmarks.load`: it reads a `Request` as JSON and writes a `Load`.
"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import uvloop

from benchmarks.ground import ROOT, surroundings

WRK: Final = shutil.which("wrk")
MILLISECONDS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0}
PATIENCE: Final = 20.0
"""Seconds that the last answers may take."""
LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """What every connection sends over and over, as soon as it has its answer."""

    url: str
    seconds: float = 2
    connections: int = 16
    token: str | None = None
    """Sent as a bearer token."""
    bodies: Sequence[str] = ()
    """JSON, one for each connection in turn; makes it a POST."""
    chain: bool = False
    """Send what was answered last as the next body: only by our own generator."""

    @property
    def headers(self) -> dict[str, str]:
        own = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return own | ({"content-type": "application/json"} if self.bodies else {})


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: requests per second, and milliseconds."""

    rate: float
    p50: float
    p99: float
    failed: int
    """Answers that were not 2xx."""


def load(request: Request) -> Load:
    """Send it and wait for the end."""
    with loading(request) as running:
        return running.outcome()


@dataclass(frozen=True, slots=True)
class Running:
    """Load that is under way."""

    process: subprocess.Popen[str]
    ours: bool

    def outcome(self) -> Load:
        """Wait for the end; raise `RuntimeError` if the generator failed."""
        said, wrong = self.process.communicate()
        if self.process.returncode:
            raise RuntimeError(f"the load generator failed: {wrong}")
        return Load(**json.loads(said)) if self.ours else _read_wrk(said)


@contextmanager
def loading(request: Request) -> Iterator[Running]:
    """Send it beside the block."""
    with tempfile.TemporaryDirectory() as folder:
        ours = request.chain or WRK is None
        command = [sys.executable, "-m", "benchmarks.load"] if ours else _wrk(request, Path(folder))
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=surroundings({}),
        )
        try:
            assert process.stdin
            process.stdin.write(json.dumps(asdict(request)) if ours else "")
            process.stdin.close()
            process.stdin = None
            yield Running(process, ours)
        finally:
            process.kill()
            process.wait()


def _wrk(request: Request, folder: Path) -> list[str]:
    assert WRK
    command = [WRK, "-t1", f"-c{request.connections}", f"-d{request.seconds:g}s", "--latency"]
    for name, value in request.headers.items():
        command += ["-H", f"{name}: {value}"]
    if request.bodies:
        script = folder / "post.lua"
        bodies = ", ".join(f"[==[{body}]==]" for body in request.bodies)
        script.write_text(
            f"bodies, sent = {{{bodies}}}, 0\n"
            "wrk.method = 'POST'\n"
            "function request() sent = sent + 1 return wrk.format(nil, nil, nil, bodies[sent % #bodies + 1]) end\n"
        )
        command += ["-s", str(script)]
    return [*command, request.url]


def _read_wrk(said: str) -> Load:
    def find(pattern: str) -> tuple[str, ...]:
        found = re.search(pattern, said)
        return found.groups() if found else ()

    def latency(share: int) -> float:
        value, unit = find(rf"\b{share}%\s+([\d.]+)(\w+)")
        return float(value) * MILLISECONDS[unit]

    (rate,) = find(r"Requests/sec:\s+([\d.]+)")
    return Load(float(rate), latency(50), latency(99), int((find(r"Non-2xx or 3xx responses: (\d+)") or ("0",))[0]))


@dataclass(slots=True)
class Connection(asyncio.Protocol):
    """One connection that sends its next request when it has the answer to the last one."""

    request: Request
    body: str
    ends: float
    done: asyncio.Future[None]
    took: list[float] = field(default_factory=list)
    failed: int = 0
    _transport: Any = None
    """A `WriteTransport`, though uvloop's does not say so."""
    _answer: bytes = b""
    _sent: float = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, split, body = self._answer.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not split or len(body) < (int(length[1]) if length else 0):
            return
        self.took.append(perf_counter() - self._sent)
        good = head[9:10] == b"2"
        self.failed += not good
        if self.request.chain and good:
            self.body = json.dumps({"refresh_token": json.loads(body)["refresh_token"]})
        self._answer = b""
        if perf_counter() < self.ends:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None) if exc is None else self.done.set_exception(exc)

    def _send(self) -> None:
        parts = urlsplit(self.request.url)
        headers = {"host": parts.netloc} | self.request.headers
        if self.request.bodies:
            headers["content-length"] = str(len(self.body))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._sent = perf_counter()
        verb = "POST" if self.request.bodies else "GET"
        self._transport.write(f"{verb} {parts.path} HTTP/1.1\r\n{head}\r\n{self.body}".encode())


async def generate(request: Request) -> Load:
    """Send the request from this process."""
    loop, parts = asyncio.get_running_loop(), urlsplit(request.url)
    started = perf_counter()
    bodies = request.bodies or [""]
    connections = []
    for number in range(request.connections):
        body = bodies[number % len(bodies)]
        connection = Connection(request, body, started + request.seconds, loop.create_future())
        await loop.create_connection(partial(_same, connection), parts.hostname or "", parts.port or 80)
        connections.append(connection)
    async with asyncio.timeout(request.seconds + PATIENCE):
        await asyncio.gather(*(connection.done for connection in connections))
    took = sorted(each for connection in connections for each in connection.took)
    return Load(
        rate=len(took) / (perf_counter() - started),
        p50=took[len(took) // 2] * 1000,
        p99=took[len(took) * 99 // 100] * 1000,
        failed=sum(connection.failed for connection in connections),
    )


def _same(connection: Connection) -> Connection:
    return connection


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(generate(Request(**json.load(sys.stdin)))))))

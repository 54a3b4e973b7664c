"""HTTP over a socket, with nothing in between that could repeat or mend a request."""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Self

from domain.kernel.ids import uuid7

LIMIT: Final = 4_000_000


class Broken(Exception):
    """The connection ended before the whole answer was there."""


class Stale(Broken):
    """The server closed the connection before any of the answer came: one that was kept, or that it had not read from."""


@dataclass(frozen=True)
class Response:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem, or nothing."""
        return self.json().get("code", "") if "problem+json" in self.headers.get("content-type", "") else ""


@dataclass
class Caller:
    """One client with one connection, which it keeps for the next request unless it shall not."""

    port: int
    keeps: bool = True
    patience: float = 30
    token: str | None = None
    host: str = "127.0.0.1"
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None, init=False)

    async def __call__(
        self,
        method: str,
        path: str,
        value: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
    ) -> Response:
        """Send one request, once; raise `Broken`, `Stale`, or `TimeoutError` after `patience` seconds."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.patience):
                reader, writer = await self.connect()
                writer.write(self._head(method, path, value, headers, body))
                status, found, content = await answer(reader, head=method == "HEAD")
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            self.drop()
            if isinstance(error, TimeoutError):
                raise
            refused = isinstance(error, ConnectionRefusedError)
            nothing = isinstance(error, OSError) or (
                isinstance(error, asyncio.IncompleteReadError) and not error.partial
            )
            raise (Stale if nothing and not refused else Broken)(repr(error)) from error
        except BaseException:
            self.drop()
            raise
        if not self.keeps or found.get("connection") == "close":
            self.drop()
        return Response(status, found, content, time.monotonic() - started)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return the connection, a new one if there is none."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port, limit=LIMIT)
        return self._streams

    def drop(self) -> None:
        """Close the connection."""
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.drop()

    def _head(self, method: str, path: str, value: Any, headers: Mapping[str, str] | None, body: bytes | None) -> bytes:
        lines = {"host": f"{self.host}:{self.port}"}
        if not self.keeps:
            lines["connection"] = "close"
        if self.token:
            lines["authorization"] = f"Bearer {self.token}"
        if value is not None:
            body = json.dumps(value).encode()
            lines["content-type"] = "application/json"
        if body is not None:
            lines["content-length"] = str(len(body))
        lines |= headers or {}
        head = "".join(f"{name}: {text}\r\n" for name, text in lines.items())
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (body or b"")


async def answer(reader: asyncio.StreamReader, *, head: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Read one answer; `asyncio.IncompleteReadError` if it ends too early."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
    status = int(first.split(" ")[1])
    headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
    if head or status in {204, 304}:
        return status, headers, b""
    if headers.get("transfer-encoding") == "chunked":
        return status, headers, await _chunks(reader)
    return status, headers, await reader.readexactly(int(headers.get("content-length", "0")))


async def exchange(port: int, sent: bytes, seconds: float = 10, host: str = "127.0.0.1") -> bytes:
    """Send bytes, and return everything that comes back until the server closes or falls silent for `seconds`."""
    reader, writer = await asyncio.open_connection(host, port)
    received = b""
    try:
        with suppress(OSError):
            writer.write(sent)
            await asyncio.wait_for(writer.drain(), seconds)
        with suppress(OSError):
            while piece := await asyncio.wait_for(reader.read(65536), seconds):
                received += piece
    finally:
        writer.close()
    return received


def once() -> dict[str, str]:
    """Return the header that makes a command run once, with a key that nobody used before."""
    return {"idempotency-key": uuid7().hex}


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    content = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        content += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return content

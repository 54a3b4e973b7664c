"""An endpoint of somebody else's, that believes nothing which is not signed (Standard Webhooks)."""

import asyncio
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

TOLERANCE = 300
"""Seconds that a timestamp may be off: the replay window."""


def verified(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether this was signed with `secret` within the replay window, as the specification has it verified."""
    key = b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = b64encode(hmac.new(key, signed, sha256).digest()).decode()
    given = [each.partition(",") for each in headers["webhook-signature"].split(" ")]
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) <= TOLERANCE
    return fresh and any(version == "v1" and hmac.compare_digest(text, expected) for version, _, text in given)


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        """What it tells."""
        found: dict[str, Any] = json.loads(self.body)
        return found


Answer = Callable[[Received], int | str]
"""What to answer: a status, `hang` or `close`."""


@dataclass
class Receiver:
    """Listens on the loopback, writes down what arrives, and answers as it is told to."""

    answer: Answer = lambda _: 204
    headers: str = ""
    """More lines of each answer, each with its end."""
    received: list[Received] = field(default_factory=list)
    most: int = 0
    """How many requests were under way at once."""
    port: int = 0
    _busy: int = 0

    def url(self, path: str = "/hook") -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def events(self) -> list[dict[str, Any]]:
        """What arrived."""
        return [each.event for each in self.received]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._busy += 1
        self.most = max(self.most, self._busy)
        try:
            await self._one(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._busy -= 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        request = Received(first.split(" ")[1], headers, body, time.monotonic())
        self.received.append(request)
        answer = self.answer(request)
        if answer == "hang":
            await reader.read()  # until the other side gives up
        elif answer != "close":
            writer.write(f"HTTP/1.1 {answer} X\r\n{self.headers}content-length: 0\r\n\r\n".encode())
            await writer.drain()

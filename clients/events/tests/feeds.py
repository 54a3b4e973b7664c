"""A feed as Gatewright serves it, of some seventy lines."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gatewright_events.events import matches

TOKEN = "a-token"


@dataclass
class Feed:
    """Events 1, 2, 3 …; a cursor is `<log>.<position>`."""

    events: list[dict[str, Any]] = field(default_factory=list)
    log: str = "one"
    asked: list[dict[str, str]] = field(default_factory=list)
    types: list[list[str]] = field(default_factory=list)
    """Which were asked for each time."""
    served: list[str] = field(default_factory=list)
    """The types of what was."""
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    """What is answered first, whatever is asked."""

    def answer(self, token: str, query: dict[str, str], types: list[str]) -> tuple[int, bytes]:
        self.asked.append(query)
        self.types.append(types)
        if self.answers:
            return self.answers.pop(0)
        if token != TOKEN:
            return 401, b""
        log, _, place = query.get("after", f"{self.log}.0").partition(".")
        if log != self.log:
            return 410, b""
        first, limit = int(place), int(query["limit"])
        if first > len(self.events):
            return 400, b'{"code":"request.cursor_invalid"}'
        items = self.events[first : first + limit]
        wanted = [each for each in items if not types or matches(types, each["type"])]
        self.served += [each["type"] for each in wanted]
        more = first + len(items) < len(self.events)
        return 200, json.dumps({"items": wanted, "next": f"{log}.{first + len(items)}", "more": more}).encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked = parse_qs(urlsplit(head.split(" ")[1]).query)
        types = asked.pop("type", [])
        query = {name: values[0] for name, values in asked.items()}
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        status, body = self.answer(headers["authorization"].removeprefix("bearer "), query, types)
        lines = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(lines.encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def served(feed: Feed) -> AsyncIterator[str]:
    server = await asyncio.start_server(feed.serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

"""`GET /auth/events` over HTTP, for clients of the feed: the query itself, without the rest of the application."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from domain.events.queries.read_feed import ReadFeed
from domain.kernel.errors import CursorGone
from tests.support.memory.events import MemoryEventLog, read_feed

TOKEN = "a-token"


@asynccontextmanager
async def feed_server(log: MemoryEventLog, port: int = 0) -> AsyncIterator[str]:
    """Serve `log` on a port of the loopback interface, a free one by default; yield the address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        query = parse_qs(urlsplit(head.split(" ")[1]).query)
        status, body = "200 OK", b""
        try:
            after = query.get("after", [None])[0]
            feed = await read_feed(log, ReadFeed(after=after, limit=int(query["limit"][0])))
            body = json.dumps({"items": feed.items, "next": feed.next}).encode()
        except CursorGone:
            status = "410 Gone"
        if f"authorization: bearer {TOKEN}" not in head.lower():
            status, body = "401 Unauthorized", b""
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

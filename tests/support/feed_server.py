"""The feed and snapshots over HTTP, for their clients: the queries themselves, without the rest of the application."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

from msgspec.json import Encoder

from domain.events.queries.read_feed import ReadFeed
from domain.events.queries.read_snapshot import ReadSnapshot
from domain.events.schemas import Thing
from domain.kernel.errors import CursorGone
from tests.support.memory.events import MemoryEventLog, read_feed, read_snapshot
from tests.support.memory.states import MemoryStates

TOKEN = "a-token"


@asynccontextmanager
async def feed_server(log: MemoryEventLog, port: int = 0) -> AsyncIterator[str]:
    """Serve `log`, and the people that it tells of, on a port of the loopback interface, a free one by default.

    Yield the address.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path, _, asked = head.split(" ")[1].partition("?")
        query = parse_qs(asked)
        after, limit = query.get("after", [None])[0], int(query["limit"][0])
        status, body = "200 OK", b""
        try:
            if path == "/auth/events/snapshot":
                asking = ReadSnapshot(kind=query["kind"][0], after=after, limit=limit)
                body = Encoder().encode_lines(await read_snapshot(_people(log), asking))
            else:
                feed = await read_feed(log, ReadFeed(after=after, limit=limit))
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


def _people(log: MemoryEventLog) -> MemoryStates:
    """Return the state that the events of people in `log` led to."""
    states = MemoryStates(log.log, len(log.events))
    known: dict[str, Thing] = states.kept.setdefault("user", {})
    for event in log.events:
        old = known.pop(id_ := event["aggregateid"], None)
        if event["type"] != "identity.user.erased":
            data = {**(old.data if old else {"is_active": True}), **event["data"]}
            known[id_] = Thing("user", id_, event["aggregateversion"], None, data)
    return states

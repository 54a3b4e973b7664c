"""A line to a server that can go dead, as if the server were stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit, urlunsplit

Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Line:
    """Connections through it are accepted even while it is `frozen`, as a stopped server's kernel would."""

    url: str
    """The server through this line."""
    flowing: asyncio.Event
    answers: int = 0
    """How often the server has sent something: a round trip each, once statements are prepared."""
    pumps: set[asyncio.Task[None]] = field(default_factory=set)

    def freeze(self) -> None:
        self.flowing.clear()

    def thaw(self) -> None:
        self.flowing.set()

    def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: int = 0) -> None:
        task = asyncio.create_task(self._pump(reader, writer, answers))
        self.pumps.add(task)
        task.add_done_callback(self.pumps.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: int) -> None:
        try:
            while read := await reader.read(65_536):
                self.answers += answers
                await self.flowing.wait()
                writer.write(read)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def line(url: str) -> AsyncIterator[Line]:
    """Open a line to the Postgres server of `url`, on TCP or a socket."""
    parts = urlsplit(url)
    port = parts.port or 5432

    async def dial() -> Pipe:
        folder = parse_qs(parts.query).get("host")
        if folder:
            return await asyncio.open_unix_connection(f"{folder[0]}/.s.PGSQL.{port}")
        return await asyncio.open_connection(parts.hostname, port)

    async def join(near_reader: asyncio.StreamReader, near_writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await dial()
        made.pump(near_reader, far_writer)
        made.pump(far_reader, near_writer, answers=1)

    server = await asyncio.start_server(join, "127.0.0.1", 0)
    user = parts.netloc.rpartition("@")[0]
    here = f"{user}@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    made = Line(urlunsplit(parts._replace(netloc=here, query="")), asyncio.Event())
    made.thaw()
    try:
        yield made
    finally:
        server.close()
        for task in list(made.pumps):
            task.cancel()
        await asyncio.gather(*made.pumps, return_exceptions=True)

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
    asked: int = 0
    """How often clients have sent something."""
    dies_asking: int = 0
    """Which piece from a client takes its connection with it, instead of arriving; counted from `asked`, 0 for none."""
    dies_answering: int = 0
    """The same of pieces from the server, which has done what it answers; counted from `answers`."""
    pumps: set[asyncio.Task[None]] = field(default_factory=set)

    def freeze(self) -> None:
        self.flowing.clear()

    def thaw(self) -> None:
        self.flowing.set()

    def die(self, *, asking: int = 0, answering: int = 0) -> None:
        """Count anew, and have a connection die with its n-th piece in that direction; others go on."""
        self.asked = self.answers = 0
        self.dies_asking, self.dies_answering = asking, answering

    @property
    def died(self) -> bool:
        """Whether a connection has died of `die`."""
        return 0 < self.dies_asking <= self.asked or 0 < self.dies_answering <= self.answers

    def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False) -> None:
        task = asyncio.create_task(self._pump(reader, writer, answers=answers))
        self.pumps.add(task)
        task.add_done_callback(self.pumps.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        try:
            while read := await reader.read(65_536):
                if self._passes_away(answers=answers):
                    break
                await self.flowing.wait()
                writer.write(read)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _passes_away(self, *, answers: bool) -> bool:
        if answers:
            self.answers += 1
            return self.answers == self.dies_answering
        self.asked += 1
        return self.asked == self.dies_asking


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
        # Whichever direction ends closes what it writes to, which ends the other.
        made.pump(near_reader, far_writer)
        made.pump(far_reader, near_writer, answers=True)

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

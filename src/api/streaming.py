"""Answers that are sent while they are made."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from litestar import Response
from litestar.types import HTTPResponseBodyEvent, Receive, Scope, Send
from msgspec.json import Encoder

from domain.kernel.errors import Overloaded
from domain.kernel.ids import UserId
from domain.kernel.schemas import Stream

END: Final[HTTPResponseBodyEvent] = {"type": "http.response.body", "body": b"", "more_body": False}
PATIENCE: Final = 30.0
"""Seconds that a client may take for one part; whoever is slower is cut off, and can resume."""
_lines: Final = Encoder().encode_lines


@dataclass(slots=True)
class Flow:
    """How the parts of a `Stream` are written, and how many answers of a route there may be at once in a process.

    Each part is made when the one before has been taken by the connection, so a slow reader costs one part of memory.
    """

    media: bytes
    write: Callable[[Any], bytes]
    most: int
    each: int
    """How many one person who reads of an organization may have; all of those leave a quarter to others."""
    _open: int = field(default=0, init=False)
    _members: Counter[UserId] = field(default_factory=Counter, init=False)

    def enter(self) -> None:
        """Count one more, or raise `Overloaded`."""
        if self._open >= self.most:
            raise Overloaded
        self._open += 1

    def admit(self, member: UserId | None) -> None:
        """Count one that has entered as that of `member`, or raise `Overloaded`."""
        if member is None:
            return
        if self._members[member] >= self.each or self._members.total() >= self.most - self.most // 4:
            raise Overloaded
        self._members[member] += 1

    def leave(self, member: UserId | None = None) -> None:
        """Count one less, which was that of `member` if it was admitted."""
        self._open -= 1
        if member is not None:
            self._members[member] -= 1
            if not self._members[member]:
                del self._members[member]


def lines(most: int, each: int) -> Flow:
    """Write parts, which are lists, as NDJSON: each item on a line of its own."""
    return Flow(b"application/x-ndjson", _lines, most, each)


@dataclass(slots=True)
class Leaving:
    """Known once the process is to stop: streams end then, for they would hold it up as long as they are read."""

    _told: bool = field(default=False, init=False)
    _waiting: set[asyncio.Event] = field(default_factory=set, init=False)

    def tell(self) -> None:
        """End every stream, in the loop that serves them."""
        self._told = True
        for each in self._waiting:
            each.set()

    async def told(self) -> None:
        """Return when the process is to stop."""
        waiting = asyncio.Event()
        self._waiting.add(waiting)
        try:
            if not self._told:
                await waiting.wait()
        finally:
            self._waiting.discard(waiting)


LEAVING: Final = Leaving()
"""Of this process, as signals are."""


class Streamed(Response[Any]):
    """A response that is its own ASGI application, and leaves `flow` when it ends, however it does.

    Raises `Overloaded` when its reader has as many already as they may have.
    """

    def __init__(self, flow: Flow, stream: Stream[Any], *headers: tuple[bytes, bytes]) -> None:
        flow.admit(stream.member)
        self.flow, self.parts, self.member = flow, stream.parts, stream.member
        # Proxies hold answers back until they have a buffer full; this one is told not to.
        self.headers_sent = [(b"content-type", flow.media), (b"x-accel-buffering", b"no"), *headers]

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """Return the application that sends this answer."""
        return self.send

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - named by ASGI
        """Send part after part until there is no more, the client leaves, or the process is to stop."""
        sending = asyncio.create_task(self._send(send))
        left, stopped = asyncio.create_task(_left(receive)), asyncio.create_task(LEAVING.told())
        try:
            await asyncio.wait({sending, left, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.flow.leave(self.member)
            for each in (sending, left, stopped):
                each.cancel()  # does nothing to those that are done
            await asyncio.gather(sending, left, stopped, return_exceptions=True)
        if not sending.cancelled() and (error := sending.exception()):
            raise error
        if not stopped.cancelled():
            await send(END)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.headers_sent})
        async with aclosing(self.parts) as parts:
            async for part in parts:
                async with asyncio.timeout(PATIENCE):
                    await send({"type": "http.response.body", "body": self.flow.write(part), "more_body": True})
        await send(END)


async def _left(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass

"""Revocation between processes: pushed after the commit, pulled for safety, and a stated bound when neither arrives.

A revocation is refused in the process that ran the command at once, in every other within milliseconds while Redis
works, within `every` while it does not. A process that could ask nobody for `bound` seconds refuses every token with
503: what was committed before a pull began is in its answer, so nothing revoked is accepted later than that.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from logging import INFO, WARNING, getLogger
from typing import Final, Protocol

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.markers import on_the_wire
from domain.kernel.errors import CursorGone, Unavailable
from domain.kernel.revocation import Marker
from gatewright_verifier.revocations import Revocations, WireMarker

CHANNEL: Final = "gatewright:revocations"
TIDY: Final = 60.0
PATIENCE: Final = 10.0
"""Seconds that every live marker may take, of which there may be hundreds of thousands."""
REDIS_LOST: Final = (RedisError, OSError, TimeoutError)
_log = getLogger(__name__)


class MarkerSource(Protocol):
    """Where markers are the truth."""

    async def start(self) -> tuple[int, Sequence[WireMarker]]:
        """Return the position of the log and every live marker, or raise `Unavailable`."""

    async def since(self, position: int) -> tuple[int, Sequence[WireMarker]]:
        """Return the position of the log and every marker committed after `position`, or raise `Unavailable`.

        A marker may come twice. Raise `CursorGone` when the log is another one: a backup was restored.
        """


@dataclass(slots=True)
class RevocationFeed:
    """Keep `revocations` current."""

    revocations: Revocations
    source: MarkerSource
    redis: Redis | None = None
    """A client for this alone, with `socket_timeout=None`: it waits for pushes."""
    every: float = 0.5
    bound: float = 2.0
    pulled: Callable[[], None] | None = None
    """Called after each successful pull: the metrics."""
    _position: int | None = field(default=None, init=False)
    _heard: bool = field(default=True, init=False)

    async def run(self) -> None:
        """Pull, and follow pushes, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pull())
            group.create_task(self._tidy())
            if self.redis is not None:
                group.create_task(self._follow(self.redis))

    async def pull(self) -> None:
        """Ask for what is new, or raise `Unavailable`. Call it once before serving, or the first requests meet 503."""
        position = self._position
        if position is None:
            # This may take longer than the bound, so it makes nothing fresh: what is asked at once after it does.
            position = await self._take(self.source.start(), PATIENCE)
        asked = self.revocations.monotonic()
        try:
            await self._take(self.source.since(position), self.bound / 2)
        except CursorGone:
            self._position = None
            await self.pull()
            return
        self.revocations.fresh_until = max(asked + self.bound, self.revocations.fresh_until)
        if self.pulled:
            self.pulled()

    async def _take(self, asked: Awaitable[tuple[int, Sequence[WireMarker]]], patience: float) -> int:
        try:
            async with asyncio.timeout(patience):
                position, markers = await asked
        except TimeoutError as error:
            raise Unavailable from error
        await self.revocations.take_in(markers)
        self._position = position
        return position

    async def _pull(self) -> None:
        while True:
            asked = self.revocations.monotonic()
            try:
                await self.pull()
                self._tell(heard=True)
            except (Unavailable, msgspec.DecodeError) as error:
                self._tell(heard=False, error=error)
            await asyncio.sleep(max(0.0, asked + self.every - self.revocations.monotonic()))

    def _tell(self, *, heard: bool, error: Exception | None = None) -> None:
        if heard != self._heard:
            self._heard = heard
            _log.log(*_SAID[heard], exc_info=error)

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY)
            self.revocations.forget()

    async def _follow(self, redis: Redis) -> None:
        """Learn from pushes. One that is missed costs a pull interval; no position is kept in Redis."""
        while True:
            try:
                async with redis.pubsub(ignore_subscribe_messages=True) as pushes:
                    await pushes.subscribe(CHANNEL)
                    while not _cancelled():
                        push = await pushes.get_message(timeout=self.every)
                        if push is not None:
                            self._learn(push["data"])
            except REDIS_LOST as error:
                _log.warning("no pushes of revocations: %s", error)
            if _cancelled():
                raise asyncio.CancelledError
            await asyncio.sleep(self.every)

    def _learn(self, pushed: bytes | str) -> None:
        try:
            self.revocations.learn(_markers.decode(pushed))
        except msgspec.DecodeError as error:
            _log.warning("a push that is not ours: %s", error)


@dataclass(slots=True)
class RevocationPush:
    """Tell this process at once and the others soon. A hint to those: it never delays or fails a command."""

    revocations: Revocations
    redis: Redis | None = None
    """A client with `socket_timeout` and `socket_connect_timeout` of about a second."""
    patience: float = 1.0
    """Seconds that Redis may take; what could not be pushed is pulled."""
    _waiting: deque[WireMarker] = field(default_factory=lambda: deque(maxlen=10_000), init=False)
    _sending: asyncio.Task[None] | None = field(default=None, init=False)

    def __call__(self, markers: Sequence[Marker]) -> None:
        """Call after the commit."""
        wire = [on_the_wire(marker) for marker in markers]
        self.revocations.learn(wire)
        if self.redis is None or not wire:
            return
        self._waiting.extend(wire)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send(self.redis))

    async def close(self) -> None:
        """Wait until everything is pushed or given up."""
        if self._sending is not None:
            await self._sending

    async def _send(self, redis: Redis) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), 500))]
            try:
                async with asyncio.timeout(self.patience):
                    await redis.publish(CHANNEL, msgspec.json.encode(batch))
            except REDIS_LOST as error:
                self._waiting.clear()
                _log.warning("revocations not pushed, the others will pull them: %s", error)


def _cancelled() -> bool:
    # fakeredis, which stands in where Valkey has no wheel, swallows the cancellation of a read.
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


_markers: Final = msgspec.json.Decoder(list[WireMarker])
_SAID: Final = {
    True: (INFO, "revocations are heard again"),
    False: (WARNING, "revocations cannot be heard: tokens are refused from here on once the bound has passed"),
}

"""Publish many events with one write, and tell of each what became of it.

aio-pika makes a task, several futures and a write for each message, which takes most of a relay's time. Here the frames
of many messages are one write, and what aiormq is to call when the broker answers is the note of the event itself.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

from aio_pika import Exchange
from aio_pika.abc import AbstractExchange
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from aiormq.exceptions import AMQPError, ChannelPreconditionFailed, DeliveryError, PublishError

from core.personal import PersonalKeys
from core.rabbit.frames import Framing


class NotSent(Exception):
    """The broker did not confirm: publish again, from the cursor."""


class Returned(NotSent):
    """The broker had nowhere to put the event, not even aside."""


class Refused(NotSent):
    """A queue did not take the event: it is full and refuses, or has no leader just now. The others have it."""


class ChannelLost(NotSent):
    """The broker closed the channel over what is in an event: this one or another that was under way."""


@dataclass(slots=True, eq=False)
class Note:
    """An event that the broker was handed. aiormq treats it as the future of its confirm."""

    row: Mapping[str, Any]
    frames: bytes
    heard: Callable[["Note", NotSent | None], None]
    """Called once, if the broker answers: with what is wrong, if anything."""
    at: float = 0
    """When it was handed over, by the clock of the loop."""
    ended: Callable[[], None] | None = None
    """Ends its span."""
    _done: bool = False

    def done(self) -> bool:
        return self._done

    def cancelled(self) -> bool:
        return False

    def set_result(self, _: object) -> None:
        """Hear that the broker has it on disk."""
        self._hear(None)

    def set_exception(self, error: BaseException) -> None:
        """Hear that the broker returned or refused it, or that it is lost."""
        match error:
            case PublishError():
                self._hear(Returned(str(error)))
            case DeliveryError():
                self._hear(Refused("a queue refused it"))
            case _:
                self._hear(NotSent(repr(error)))

    def _hear(self, wrong: NotSent | None) -> None:
        self._done = True
        self.end()
        self.heard(self, wrong)

    def end(self) -> None:
        """End the span, if there is one."""
        if self.ended:
            self.ended()


@dataclass(slots=True)
class Line:
    """The channel that events go through, in the order in which they are handed over."""

    channel: Channel
    framing: Framing

    @classmethod
    async def of(cls, exchange: AbstractExchange, source: str, people: PersonalKeys, queue: str | None = None) -> Self:
        """Return the line to `exchange`, or through it, the default one, to `queue`; its channel does nothing else."""
        channel = cast("Channel", await cast("Exchange", exchange).channel.get_underlay_channel())
        return cls(channel, Framing(exchange.name, source, people, channel.number, channel.max_content_size, queue))

    def watch(self, lost: Callable[[NotSent], None]) -> None:
        """Have `lost` called when nothing more will be heard."""

        def closed(future: asyncio.Future[Any]) -> None:
            lost(_loss(None if future.cancelled() else future.exception()))

        self.channel.closing.add_done_callback(closed)

    async def send(self, notes: Iterable[Note]) -> None:
        """Hand events over; return when the network has taken them, or raise `NotSent`."""
        channel, now = self.channel, asyncio.get_running_loop().time()
        if channel.is_closed:
            raise NotSent("the channel is closed")
        confirmations = cast("dict[int, Any]", channel.confirmations)
        for note in notes:
            channel.delivery_tag += 1
            note.at = now
            confirmations[channel.delivery_tag] = note
            channel.message_id_delivery_tag[str(note.row["id"])] = channel.delivery_tag
        drained = channel.create_future()
        frames = b"".join([note.frames for note in notes])
        try:
            await channel.write_queue.put(ChannelFrame(frames, should_close=False, drain_future=drained))
            await drained
        except asyncio.CancelledError as error:
            # Futures are cancelled when heartbeats stop. If nobody cancelled this task, that is all it was.
            if (task := asyncio.current_task()) and task.cancelling():
                raise
            raise NotSent("the connection was lost") from error
        except (AMQPError, OSError, RuntimeError) as error:
            raise _loss(error) from error

    def forget(self, note: Note) -> None:
        """Forget the id of an event that was answered for."""
        self.channel.message_id_delivery_tag.pop(str(note.row["id"]), None)

    async def is_blocked(self) -> bool:
        """Return whether the broker takes nothing for now, because its disk or its memory is full."""
        try:
            async with asyncio.timeout(0):
                await self.channel.connection.ready()
        except TimeoutError:
            return True
        return False


def _loss(error: BaseException | None) -> NotSent:
    # A right that was taken away, or an exchange that is missing, is no event's fault: what is too large is.
    return ChannelLost(str(error)) if isinstance(error, ChannelPreconditionFailed) else NotSent(repr(error))

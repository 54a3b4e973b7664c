"""An event as the bytes that AMQP 0-9-1 has on the wire (sections 2.3.5 and 4.2.6): publish, header, body."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import Struct
from typing import Any, Final

from pamqp import frame as wire
from pamqp.commands import Basic

from core.cloudevents import MEDIA_TYPE, encode_row
from core.personal import PersonalKeys, Unopened

AGAIN: Final = "x-replay"
"""The header, true, of what is published again to one queue."""
LONGEST: Final = 255
"""Bytes of a routing key, and of every other short text of AMQP."""
HEADER: Final = 2
BODY: Final = 3
BASIC: Final = 60
"""The class of methods that publish."""
FLAGS: Final = 0b10110000_11100000
"""Which properties there are: content type, headers, delivery mode, message id, timestamp, type."""

_FRAME: Final = Struct(">BHI").pack
_HEAD: Final = Struct(">HHQH").pack
_SHORT: Final = Struct(">B").pack
_LONG: Final = Struct(">I").pack
_MOMENT: Final = Struct(">Q").pack
_CONTENT_TYPE: Final = _SHORT(len(MEDIA_TYPE)) + MEDIA_TYPE.encode()
_PERSISTENT: Final = b"\x02"


def _field(name: str) -> bytes:
    """Return what precedes the length of a long text in a table."""
    return _SHORT(len(name)) + name.encode() + b"S"


DEDUPLICATION: Final = _field("x-deduplication-header")
"""What the plugin for message deduplication looks at; consumers without it compare the id of the message: the same."""
TRACE: Final = _field("traceparent")
REPLAY: Final = _SHORT(len(AGAIN)) + AGAIN.encode() + b"t\x01"


class Unsendable(Exception):
    """The event itself cannot be published, now or later."""


@dataclass(frozen=True, slots=True)
class Framing:
    """Write events for one channel; the routing key is the event's type, or the queue that all of it goes to again."""

    exchange: str
    source: str
    people: PersonalKeys
    channel: int
    largest: int
    """Bytes of the body that one frame may carry."""
    queue: str | None = None
    """What had these events before, or should have; the exchange is the default one then."""
    _same: dict[str, tuple[bytes, bytes]] = field(default_factory=dict, init=False)
    """By type: what is the same in all events of it."""

    def event(self, row: Mapping[str, Any], traceparent: str | None = None) -> bytes:
        """Return the frames of a row of `events`; raise `Unsendable` or `Unopened`.

        Without `traceparent` the message carries that of the request that stated the event.
        """
        try:
            return self._event(row, traceparent)
        except Unopened:
            raise  # the event is not at fault
        except (ValueError, TypeError, LookupError, OverflowError) as error:
            raise Unsendable(repr(error)) from error

    def _event(self, row: Mapping[str, Any], traceparent: str | None) -> bytes:
        kind, named = row["type"], str(row["id"]).encode()
        body, trace = encode_row(row, self.source, self.people, traceparent)
        start, end = self._same.get(kind) or self._make(kind)
        table = DEDUPLICATION + _LONG(len(named)) + named
        if trace:
            table += TRACE + _LONG(len(trace)) + trace.encode()
        if self.queue is not None:
            table += REPLAY
        # The order of properties is that of their flags.
        head = b"".join(
            [
                *(_HEAD(BASIC, 0, len(body), FLAGS), _CONTENT_TYPE, _LONG(len(table)), table, _PERSISTENT),
                *(_SHORT(len(named)), named, _MOMENT(int(row["occurred_at"].timestamp())), end),
            ]
        )
        pieces = [body[at : at + self.largest] for at in range(0, len(body), self.largest)]
        return b"".join([start, self._frame(HEADER, head), *(self._frame(BODY, piece) for piece in pieces)])

    def _frame(self, kind: int, payload: bytes) -> bytes:
        return b"".join([_FRAME(kind, self.channel, len(payload)), payload, b"\xce"])

    def _make(self, kind: str) -> tuple[bytes, bytes]:
        """Return the frame that publishes events of a type, and the property that names it."""
        name = kind.encode()
        if len(name) > LONGEST:
            raise ValueError(f"a routing key has {LONGEST} bytes at most")
        key = kind if self.queue is None else self.queue
        publish = wire.marshal(Basic.Publish(exchange=self.exchange, routing_key=key, mandatory=True), self.channel)
        made = self._same[kind] = publish, _SHORT(len(name)) + name
        return made

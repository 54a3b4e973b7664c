"""An event as the bytes that AMQP 0-9-1 has on the wire (sections 2.3.5 and 4.2.6): publish, header, body."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pamqp import frame as wire
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from core.cloudevents import MEDIA_TYPE, encode_row

LONGEST: Final = 255
"""Bytes of a routing key, and of every other short text of AMQP."""
PERSISTENT: Final = 2
DEDUPLICATION: Final = "x-deduplication-header"
"""What the plugin for message deduplication looks at; consumers without it compare the id of the message: the same."""


class Unsendable(Exception):
    """The event itself cannot be published, now or later."""


@dataclass(frozen=True, slots=True)
class Framing:
    """Write events for one channel; the routing key is the event's type."""

    exchange: str
    source: str
    channel: int
    largest: int
    """Bytes of the body that one frame may carry."""
    _publish: dict[str, bytes] = field(default_factory=dict, init=False)
    """By type: frames that are always the same."""

    def event(self, row: Mapping[str, Any], traceparent: str | None = None) -> bytes:
        """Return the frames of a row of `events`; raise `Unsendable`.

        Without `traceparent` the message carries that of the request that stated the event.
        """
        try:
            return self._event(row, traceparent)
        except (ValueError, TypeError, LookupError, OverflowError) as error:
            raise Unsendable(repr(error)) from error

    def _event(self, row: Mapping[str, Any], traceparent: str | None) -> bytes:
        kind, named = row["type"], str(row["id"])
        body, trace = encode_row(row, self.source, traceparent)
        headers = {DEDUPLICATION: named}
        if trace:
            headers["traceparent"] = trace
        properties = Basic.Properties(
            content_type=MEDIA_TYPE,
            headers=headers,
            delivery_mode=PERSISTENT,
            message_id=named,
            timestamp=row["occurred_at"],
            message_type=kind,
        )
        start = self._publish.get(kind) or self._start(kind)
        head = wire.marshal(ContentHeader(body_size=len(body), properties=properties), self.channel)
        pieces = [body[at : at + self.largest] for at in range(0, len(body), self.largest)]
        return b"".join([start, head, *(wire.marshal(ContentBody(piece), self.channel) for piece in pieces)])

    def _start(self, kind: str) -> bytes:
        if len(kind.encode()) > LONGEST:
            raise ValueError(f"a routing key has {LONGEST} bytes at most")
        publish = Basic.Publish(exchange=self.exchange, routing_key=kind, mandatory=True)
        made = self._publish[kind] = wire.marshal(publish, self.channel)
        return made

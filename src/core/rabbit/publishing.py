"""Publish one event, and tell whose fault it is when that fails."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import aio_pika
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import AMQPError, ChannelClosed, PublishError
from opentelemetry.trace import SpanKind

from core.cloudevents import MEDIA_TYPE, cloud_event, encode
from core.personal import PersonalKeys
from core.telemetry import carries_sample, current_traceparent, linked, span

ABOUT: Final = {"messaging.system": "rabbitmq", "messaging.operation.type": "send"}
"""What the semantic conventions of OpenTelemetry say of a span that publishes."""


class NotSent(Exception):
    """The broker did not confirm: publish again, from the cursor."""


class Returned(NotSent):
    """The broker had nowhere to put the event, not even aside."""


class ChannelLost(NotSent):
    """The broker closed the channel, because of this event or of another that was under way."""


class Unsendable(Exception):
    """The event itself cannot be published, now or later."""


def message(row: Mapping[str, Any], source: str, traceparent: str | None, people: PersonalKeys) -> aio_pika.Message:
    """Return the message of a row of `events`; its id is the event's, its routing key the event's type.

    Without `traceparent` it carries that of the request that stated the event.
    """
    event = cloud_event(row, source, people)
    if traceparent:
        event["traceparent"] = traceparent
    return aio_pika.Message(
        encode(event),
        content_type=MEDIA_TYPE,
        message_id=event["id"],
        type=event["type"],
        timestamp=row["occurred_at"],
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        headers={"traceparent": event["traceparent"]} if "traceparent" in event else None,
    )


async def publish(
    exchange: AbstractExchange, row: Mapping[str, Any], source: str, patience: float, people: PersonalKeys
) -> None:
    """Return when the broker has the event on disk; raise `NotSent` or `Unsendable`."""
    try:
        if carries_sample(row["trace"]):
            with linked(row["trace"]), span(f"publish {row['type']}", SpanKind.PRODUCER, **ABOUT):
                await _send(exchange, row, source, patience, people, current_traceparent())
        else:
            # Nearly all of them: spans that nobody keeps would cost as much as the message does.
            await _send(exchange, row, source, patience, people)
    except PublishError as error:
        raise Returned(str(error)) from error
    except asyncio.CancelledError as error:
        # aio-pika cancels publishes under way when heartbeats stop. If nobody cancelled this task, that is all it was.
        if (task := asyncio.current_task()) and task.cancelling():
            raise
        raise NotSent("the connection was lost") from error
    except ChannelClosed as error:
        raise ChannelLost(str(error)) from error
    except (AMQPError, OSError, RuntimeError, TimeoutError) as error:
        raise NotSent(repr(error)) from error
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        raise Unsendable(repr(error)) from error


async def _send(
    exchange: AbstractExchange,
    row: Mapping[str, Any],
    source: str,
    patience: float,
    people: PersonalKeys,
    traceparent: str | None = None,
) -> None:
    made = message(row, source, traceparent, people)
    await exchange.publish(made, row["type"], mandatory=True, timeout=patience)

"""The AsyncAPI 3.0 document: what goes over the exchange, generated from the declarations of the events."""

from collections.abc import Iterable
from typing import Any, Final

from core.cloudevents import MEDIA_TYPE
from core.event_examples import aggregate_of, example
from core.event_schemas import Kind, declared, schema
from core.rabbit.errand import EXCHANGE

TEXT: Final = {"type": "string"}
URI: Final = {"type": "string", "format": "uri"}
UUID: Final = {"type": "string", "format": "uuid"}
COUNT: Final = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
ENVELOPE: Final[dict[str, Any]] = {
    "type": "object",
    "title": "CloudEvent",
    "description": "CloudEvents 1.0, JSON, structured mode. What does not apply is left out, never null.",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": UUID | {"description": "The same however often the event arrives."},
        "source": {"type": "string", "format": "uri-reference"},
        "type": TEXT,
        "subject": TEXT | {"description": "`<aggregate>/<id>`."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": URI | {"description": "Where the JSON Schema of `data` is served."},
        "sequence": TEXT | {"pattern": "^[0-9]{19}$", "description": "The position in the log: it sorts as text."},
        "aggregatetype": TEXT,
        "aggregateid": UUID,
        "aggregateversion": COUNT | {"description": "1 for the first event of its aggregate, then one more each."},
        "schemaversion": COUNT,
        "organizationid": UUID,
        "erased": {"const": True, "description": "The person was erased: what was personal is null."},
        "traceparent": TEXT,
        "data": {"type": "object"},
    },
    "required": [
        *("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "sequence"),
        *("aggregatetype", "aggregateid", "aggregateversion", "schemaversion", "data"),
    ],
    "additionalProperties": True,
}


def asyncapi(version: str = "1") -> dict[str, Any]:
    """Describe every event: a channel for each type, which is its routing key, and a message for each version.

    The result is made of JSON values, and is the same whenever it is made of the same events.
    """
    kinds = declared()
    types = dict.fromkeys(type_ for type_, _ in kinds)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Gatewright events",
            "version": version,
            "description": "CloudEvents on a durable topic exchange, in order for each aggregate, at least once. "
            "The same events in the same shape are served by `GET /auth/events`, from the first one on.",
        },
        "defaultContentType": MEDIA_TYPE,
        "channels": {each: _channel(each, [kind for kind in kinds.values() if kind.type == each]) for each in types},
        "operations": {f"send.{each}": {"action": "send", "channel": {"$ref": f"#/channels/{each}"}} for each in types},
        "components": {
            "messages": {_name(kind): _message(kind) for kind in kinds.values()},
            "schemas": {"CloudEvent": ENVELOPE} | {_name(kind): _data(kind) for kind in kinds.values()},
        },
    }


def envelopes(kinds: Iterable[Kind]) -> dict[str, Any]:
    """Return what is promised beside `data`: of every event, and of each of `kinds` by `<type>.v<version>`."""
    return {"CloudEvent": ENVELOPE} | {_name(kind): _own(kind) for kind in kinds}


def _channel(address: str, kinds: list[Kind]) -> dict[str, Any]:
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False}
    return {
        "address": address,
        "messages": {_name(kind): {"$ref": f"#/components/messages/{_name(kind)}"} for kind in kinds},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
    }


def _message(kind: Kind) -> dict[str, Any]:
    own = _own(kind)
    own["properties"]["data"] = {"$ref": f"#/components/schemas/{_name(kind)}"}
    return {
        "name": kind.type,
        "title": kind.__name__,
        "summary": schema(kind)["description"],
        "contentType": MEDIA_TYPE,
        "payload": {"allOf": [{"$ref": "#/components/schemas/CloudEvent"}, own]},
        "examples": [{"payload": example(kind)}],
    }


def _own(kind: Kind) -> dict[str, Any]:
    attributes = {"type": kind.type, "schemaversion": kind.schema_version, "aggregatetype": aggregate_of(kind)}
    return {"type": "object", "properties": {name: {"const": value} for name, value in attributes.items()}}


def _data(kind: Kind) -> dict[str, Any]:
    # The schemas use nothing in which the dialect of AsyncAPI differs; their own names would change what `$ref` means.
    return {name: value for name, value in schema(kind).items() if name not in {"$schema", "$id"}}


def _name(kind: Kind) -> str:
    return f"{kind.type}.v{kind.schema_version}"

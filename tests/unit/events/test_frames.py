"""Events as AMQP has them on the wire, read by a library."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from core.personal import PersonalKeys
from core.rabbit.frames import Framing, Unsendable

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
ROW: dict[str, Any] = {
    "position": 42,
    "slot": 3,
    "id": UUID("01a20152-8a1e-7b95-bab4-3ecd3b3f6a11"),
    "aggregate_type": "user",
    "aggregate_id": UUID("01a20152-8a1e-7b95-bab4-3ecd3b3f6a12"),
    "aggregate_version": 7,
    "type": "identity.user.créated",
    "schema_version": 2,
    "data": '{"name": "Zo\u00eb"}',
    "organization_id": None,
    "occurred_at": datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
    "trace": TRACE,
    "salt": None,
}
KEYS = PersonalKeys((b"a key for personal data of 32 byt",))


def read(frames: bytes) -> tuple[Basic.Publish, ContentHeader, list[bytes]]:
    """Read the frames of one message, all of channel 7."""
    found: list[Any] = []
    while frames:
        length, channel, one = frame.unmarshal(frames)
        assert channel == 7
        found.append(one)
        frames = frames[length:]
    publish, header, *bodies = found
    assert isinstance(publish, Basic.Publish)
    assert isinstance(header, ContentHeader)
    assert all(isinstance(each, ContentBody) for each in bodies)
    return publish, header, [each.value for each in bodies]


def test_an_event_is_a_persistent_message_with_its_id_type_and_trace() -> None:
    publish, header, bodies = read(Framing("auth.events", "/auth", KEYS, 7, 1 << 17).event(ROW))
    assert (publish.exchange, publish.routing_key, publish.mandatory) == ("auth.events", ROW["type"], True)
    properties = {name: value for name, value in header.properties if value}
    assert properties == {
        "content_type": "application/cloudevents+json",
        "headers": {"x-deduplication-header": str(ROW["id"]), "traceparent": TRACE},
        "delivery_mode": 2,
        "message_id": str(ROW["id"]),
        "timestamp": datetime(2026, 1, 2, 3, 4, 5, 0, UTC),
        "message_type": ROW["type"],
    }
    (body,) = bodies
    assert header.body_size == len(body)
    assert json.loads(body)["data"] == {"name": "Zo\u00eb"}


def test_a_trace_of_its_own_replaces_that_of_the_command() -> None:
    own = TRACE[:-2] + "01"
    _, header, (body,) = read(Framing("auth.events", "/auth", KEYS, 7, 1 << 17).event(ROW, own))
    assert header.properties.headers == {"x-deduplication-header": str(ROW["id"]), "traceparent": own}
    assert json.loads(body)["traceparent"] == own
    _, header, _ = read(Framing("auth.events", "/auth", KEYS, 7, 1 << 17).event({**ROW, "trace": None}))
    assert header.properties.headers == {"x-deduplication-header": str(ROW["id"])}


def test_what_is_published_again_goes_to_one_queue_and_says_so() -> None:
    first = read(Framing("auth.events", "/auth", KEYS, 7, 1 << 17).event(ROW))
    publish, header, bodies = read(Framing("", "/auth", KEYS, 7, 1 << 17, "people").event(ROW))
    assert (publish.exchange, publish.routing_key, publish.mandatory) == ("", "people", True)
    assert header.properties.headers == {**(first[1].properties.headers or {}), "x-replay": True}
    same = [name for name, _ in header.properties if name != "headers"]
    assert [getattr(header.properties, name) for name in same] == [getattr(first[1].properties, name) for name in same]
    assert bodies == first[2]


def test_a_large_event_takes_several_frames() -> None:
    large = {**ROW, "data": json.dumps({"text": "x" * 1000})}
    _, header, bodies = read(Framing("auth.events", "/auth", KEYS, 7, 100).event(large))
    assert {len(each) for each in bodies[:-1]} == {100}
    assert header.body_size == sum(map(len, bodies))
    assert json.loads(b"".join(bodies))["data"] == {"text": "x" * 1000}


@pytest.mark.parametrize("wrong", [{"type": "x" * 256}, {"type": "\u00e9" * 128}, {"type": "\ud800"}])
def test_what_amqp_cannot_carry_is_refused(wrong: dict[str, Any]) -> None:
    framing = Framing("auth.events", "/auth", KEYS, 7, 1 << 17)
    for _ in range(2):
        with pytest.raises(Unsendable):
            framing.event({**ROW, **wrong})

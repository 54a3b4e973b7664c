"""The shape on the wire."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from core.cloudevents import cloud_event, encode, rfc3339
from core.personal import PersonalKeys

ROW: dict[str, Any] = {
    "position": 42,
    "slot": 3,
    "id": UUID("01a20152-8a1e-7b95-bab4-3ecd3b3f6a11"),
    "aggregate_type": "user",
    "aggregate_id": UUID("01a20152-8a1e-7b95-bab4-3ecd3b3f6a12"),
    "aggregate_version": 7,
    "type": "identity.user.created",
    "schema_version": 2,
    "data": '{"name": "Zo\u00eb", "tags": []}',
    "organization_id": None,
    "occurred_at": datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
    "trace": None,
    "salt": None,
}
KEYS = PersonalKeys((b"a key for personal data of 32 byt",))


def test_an_event_is_written_as_the_specification_says() -> None:
    assert json.loads(encode(cloud_event(ROW, "/auth", KEYS))) == {
        "specversion": "1.0",
        "id": "01a20152-8a1e-7b95-bab4-3ecd3b3f6a11",
        "source": "/auth",
        "type": "identity.user.created",
        "subject": "user/01a20152-8a1e-7b95-bab4-3ecd3b3f6a12",
        "time": "2026-01-02T03:04:05.678000Z",
        "datacontenttype": "application/json",
        "sequence": "0000000000000000042",
        "aggregatetype": "user",
        "aggregateid": "01a20152-8a1e-7b95-bab4-3ecd3b3f6a12",
        "aggregateversion": 7,
        "schemaversion": 2,
        "data": {"name": "Zo\u00eb", "tags": []},
    }


def test_attribute_names_are_lower_case_letters_and_digits() -> None:
    full = {**ROW, "organization_id": UUID(int=1), "trace": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
    names = cloud_event(full, "/auth", KEYS).keys()
    assert {"organizationid", "traceparent"} <= names
    assert all(name.isalnum() and name.islower() and len(name) <= 20 for name in names)


def test_sequences_sort_as_the_positions_do() -> None:
    positions = [9, 10, 99, 100, 2**31, 2**63 - 1]
    sequences = [cloud_event({**ROW, "position": position}, "/auth", KEYS)["sequence"] for position in positions]
    assert sorted(sequences) == sequences


@pytest.mark.parametrize("trace", ["", "00-x", "00-" + "a" * 32 + "-" + "b" * 16 + "-01\r\nX: 1", "a" * 200_000])
def test_a_trace_that_is_none_is_left_out(trace: str) -> None:
    assert "traceparent" not in cloud_event({**ROW, "trace": trace}, "/auth", KEYS)


def test_times_end_in_z() -> None:
    assert rfc3339(datetime(2026, 1, 2, 3, 4, 5, 0, UTC)) == "2026-01-02T03:04:05Z"

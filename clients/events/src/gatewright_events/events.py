"""Events as they arrive: CloudEvents 1.0, JSON, structured mode."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

MOST: Final = 1 << 20
"""The most bytes that an event may have."""
LONGEST: Final = 255
"""The most characters that an attribute may have."""
SEGMENTS: Final = 3
"""How many a type has."""
_TYPE: Final = re.compile(r"[a-z_]+(?:\.[a-z_]+){2}")
_SEGMENT: Final = re.compile(r"[a-z_]+|\*")


class Malformed(ValueError):
    """It is no event of Gatewright's, and never will be; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Event:
    """A fact that happened to one aggregate."""

    id: str
    """The same however often it arrives."""
    type: str
    schema_version: int
    source: str
    time: str
    """RFC 3339, UTC."""
    aggregate_type: str
    aggregate_id: UUID
    aggregate_version: int
    """1 for the first event of its aggregate, then one more each."""
    organization_id: UUID | None
    traceparent: str | None
    erased: bool
    """The person was erased: what was personal is null."""
    data: Mapping[str, Any]
    """The fields of the event; there may be more of them than are known."""
    body: str
    """All of it, as JSON."""


def read(body: bytes | str | Mapping[str, Any]) -> Event:
    """Return the event in `body`, or raise `Malformed`."""
    if isinstance(body, (bytes, str)) and len(body) > MOST:
        raise Malformed(f"it is too long: {len(body)} of at most {MOST} bytes")
    try:
        found = body if isinstance(body, Mapping) else json.loads(body)
        text = json.dumps(found) if isinstance(body, Mapping) else _text(body)
        return _event(found, text)
    except Malformed:
        raise
    except KeyError as error:
        raise Malformed(f"it has no {error}") from error
    except (AttributeError, RecursionError, TypeError, ValueError) as error:
        raise Malformed(f"it cannot be read: {type(error).__name__}") from error


def happened(event: Event) -> datetime | None:
    """Return when an event happened, by the clock of Gatewright; None if that cannot be told."""
    try:
        time = datetime.fromisoformat(event.time)
    except ValueError:
        return None
    return time if time.tzinfo else None


def concerns(body: str, aggregate_id: UUID) -> bool:
    """Tell whether what was kept is an event of an aggregate, or none at all."""
    try:
        return read(body).aggregate_id == aggregate_id
    except Malformed:
        return True


def matches(patterns: Iterable[str], type_: str) -> bool:
    """Tell whether a type matches any of `patterns`, in which `*` is any segment and a `#` at the end any number."""
    return any(_matches(each.split("."), type_.split(".")) for each in patterns)


def spelt_out(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return patterns of three segments, without `#`, that together match the same types: as the feed takes them."""
    split = [each.split(".") for each in patterns]
    long = [[*each[:-1], *"*" * (SEGMENTS + 1 - len(each))] if each[-1] == "#" else each for each in split]
    # No type has other segments, or another number of them: such a pattern matches nothing.
    return tuple(".".join(each) for each in long if len(each) == SEGMENTS and all(map(_SEGMENT.fullmatch, each)))


def _matches(pattern: list[str], type_: list[str]) -> bool:
    if pattern[-1] == "#":
        pattern, type_ = pattern[:-1], type_[: len(pattern) - 1]
    return len(pattern) == len(type_) and all(each in {"*", part} for each, part in zip(pattern, type_, strict=True))


def _text(body: bytes | str) -> str:
    return body.decode() if isinstance(body, bytes) else body


def _event(found: Mapping[str, Any], body: str) -> Event:
    if found["specversion"] != "1.0" or not isinstance(found["data"], dict):
        raise Malformed("it is no CloudEvent 1.0 with an object in it")
    for name in ("id", "type", "source", "time", "aggregatetype"):
        if not isinstance(found[name], str) or not 0 < len(found[name]) <= LONGEST:
            raise Malformed(f"its {name} is no short text")
        if "\0" in found[name]:
            raise Malformed(f"its {name} has a character that no table can keep")
    if not _TYPE.fullmatch(found["type"]):
        raise Malformed("its type is none")
    for name in ("aggregateversion", "schemaversion"):
        if type(found[name]) is not int or not 0 < found[name] < 1 << 31:
            raise Malformed(f"its {name} is no count")
    organization = found.get("organizationid")
    return Event(
        id=found["id"],
        type=found["type"],
        schema_version=found["schemaversion"],
        source=found["source"],
        time=found["time"],
        aggregate_type=found["aggregatetype"],
        aggregate_id=UUID(found["aggregateid"]),
        aggregate_version=found["aggregateversion"],
        organization_id=UUID(organization) if organization else None,
        traceparent=found.get("traceparent"),
        erased=found.get("erased") is True,
        data=found["data"],
        body=body,
    )

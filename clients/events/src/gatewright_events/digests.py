"""How much of a kind there is, and whether it is the same: `GET /auth/events/digest`."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from gatewright_events.asking import OK, Gatewright, parsed

SECONDS: Final = 60.0
"""How long the answer may take."""


@dataclass(frozen=True, slots=True)
class Range:
    """The things with ids from `first` to `last`, both included."""

    first: UUID
    last: UUID
    count: int
    digest: str
    """See `digest_of`."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What a complete copy holds at `cursor`, by ranges of ids."""

    cursor: str
    ranges: list[Range]


def digest_of(versions: Iterable[tuple[UUID, int]]) -> str:
    """Return 16 hexadecimal digits: of each the first 8 bytes of SHA-256 of `<id>:<version>`, all combined by XOR."""
    found = 0
    for id_, version in versions:
        found ^= int.from_bytes(sha256(f"{id_}:{version}".encode()).digest()[:8], "big")
    return f"{found:016x}"


async def digest(gatewright: Gatewright, kind: str, first: UUID, last: UUID, parts: int) -> Digest:
    """Return what the service holds of a kind; raise `Refused` or `NoAnswer`."""
    asked = [("kind", kind), ("first", str(first)), ("last", str(last)), ("parts", str(parts))]
    answer = await gatewright.ask("/auth/events/digest", asked, SECONDS)
    found = parsed(answer.body)
    try:
        if answer.status == OK and isinstance(found["cursor"], str):
            return Digest(found["cursor"], [_range(each) for each in found["ranges"]])
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise gatewright.spoilt(answer, "a digest")


def _range(found: Any) -> Range:
    if type(found["count"]) is not int or not isinstance(found["digest"], str):
        raise ValueError
    return Range(UUID(found["first"]), UUID(found["last"]), found["count"], found["digest"])

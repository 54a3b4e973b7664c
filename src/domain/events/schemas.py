"""What readers of the log receive."""

import re
from dataclasses import dataclass
from typing import Any, Final, NotRequired, Self, TypedDict
from uuid import UUID

from domain.kernel.errors import CursorInvalid

_CURSOR: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(0|[1-9][0-9]{0,18})")
_LAST: Final = 2**63 - 1


class CloudEvent(TypedDict):
    """A fact, as CloudEvents 1.0 in JSON, structured mode. What does not apply is left out, never null."""

    specversion: str
    id: str
    """The same however often the event arrives: compare it to tell a repetition."""
    source: str
    type: str
    subject: str
    """`<aggregate>/<id>`."""
    time: str
    datacontenttype: str
    sequence: str
    """The position in the log, 1, 2, 3 ... in 19 digits, so that texts sort as numbers do (extension `sequence`)."""
    aggregatetype: str
    aggregateid: str
    aggregateversion: int
    """1 for the first event of its aggregate, then one more each: compare it to tell what is missing or late."""
    schemaversion: int
    dataschema: NotRequired[str]
    """Where the JSON Schema of `data` is served; left out where the service does not know its own address."""
    organizationid: NotRequired[str]
    traceparent: NotRequired[str]
    """The trace of the command that caused it (extension Distributed Tracing)."""
    erased: NotRequired[bool]
    """Whom it is about was erased since: what it said of them is null (extension `erased`)."""
    data: Any


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """A place in one log: after the event at `position`. A log that was restored from a backup has another id."""

    log: UUID
    position: int

    def __str__(self) -> str:
        return f"{self.log}.{self.position}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a cursor, or raise `CursorInvalid`."""
        match = _CURSOR.fullmatch(text)
        if not match or int(match[2]) > _LAST:
            raise CursorInvalid
        return cls(UUID(match[1]), int(match[2]))


@dataclass(frozen=True, slots=True)
class Feed:
    """A part of the log. `next` is the cursor of what follows, and of what is to come if there is no `more` yet."""

    items: list[CloudEvent]
    next: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class FeedEnd:
    """Why a stream of events ends, as in a refusal."""

    refusal: str


@dataclass(frozen=True, slots=True)
class SnapshotHead:
    """The first line of a snapshot."""

    cursor: str
    """Where to follow the feed from: nothing in the snapshot is older than that."""
    kind: str


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing as it is now: a line of a snapshot."""

    kind: str
    id: str
    version: int
    """The `aggregateversion` that its next event exceeds by one."""
    organization_id: str | None
    data: Any
    """What its events tell of it, and what they leave to be read."""


@dataclass(frozen=True, slots=True)
class SnapshotEnd:
    """The last line of a snapshot; one that lacks it was cut off."""

    complete: bool
    """Whether there is nothing more."""
    next: str | None
    """The id to go on after."""
    refusal: str | None = None
    """Why it ends before it was to, as in a refusal: the reader signed out, for example."""


@dataclass(frozen=True, slots=True)
class IdRange:
    """The things with ids from `first` to `last`, both included."""

    first: str
    last: str
    count: int
    digest: str
    """16 hexadecimal digits: of each thing the first 8 bytes of SHA-256 of `<id>:<version>`, all combined by XOR."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What a complete copy of all things of a kind holds at `cursor`, by ranges of ids."""

    kind: str
    cursor: str
    ranges: list[IdRange]

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
    """A part of the log. `next` is the cursor of what follows; after an empty part it is where the reader was."""

    items: list[CloudEvent]
    next: str

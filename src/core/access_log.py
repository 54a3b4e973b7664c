"""One JSON line for every request, in the fields that `core.logs` writes for everything else."""

import atexit
from asyncio import get_running_loop
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO, Final

from msgspec import Struct
from msgspec.json import Encoder

DELAY: Final = 0.2
"""Seconds that a line may wait for others."""


class Line(Struct, gc=False):
    """A request that is over. No address, no query, no header: what was asked is in the route."""

    timestamp: datetime
    level: str
    trace_id: str
    method: str
    route: str
    status: int
    ms: float
    event: str = "request"
    logger: str = "access"


@dataclass(slots=True)
class AccessLog:
    """Write one line for each request to `stream` within `DELAY` seconds, many at a time, whatever the level is.

    `method` and `route` come from closed sets: the methods that are handled, the templates of the routes.
    """

    stream: BinaryIO
    _encoder: Encoder = field(default_factory=Encoder, init=False)
    _lines: list[Line] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        atexit.register(self.flush)

    def __call__(self, method: str, route: str, status: int, seconds: float, trace_id: str) -> None:
        if not self._lines:
            get_running_loop().call_later(DELAY, self.flush)
        level = "info" if status < 500 else "error"  # noqa: PLR2004 - the first status that is our fault
        line = Line(datetime.now(UTC), level, trace_id, method, route, status, round(seconds * 100_000) / 100)
        self._lines.append(line)

    def flush(self) -> None:
        """Write what is waiting. Called once more when the service stops."""
        if not self._lines:
            return
        # Forgotten before they are written: a stream that is gone must not make them pile up.
        lines, self._lines = self._lines, []
        self.stream.write(self._encoder.encode_lines(lines))
        self.stream.flush()

"""Read markers from the log."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec.json import Decoder

from core.postgres.loss import POSTGRES_LOST
from core.revocation_feed import MarkerSource
from domain.kernel.errors import Unavailable
from gatewright_verifier.revocations import WireMarker

START: Final = """
SELECT h.log_id, h.position, coalesce((
    SELECT jsonb_agg(jsonb_build_object(
        'scope', r.scope, 'id', r.id, 'cutoff', extract(epoch FROM r.cutoff), 'epoch', r.epoch))
    FROM revocations r WHERE r.expires_at > now()), '[]') AS markers
FROM log_head h
"""
# What is committed and has no number yet is read too, so that revocation does not wait for the sequencer. One statement
# has one snapshot: nothing can be numbered between the two halves.
SINCE: Final = """
SELECT h.log_id, h.position, coalesce((
    SELECT jsonb_agg(marker)
    FROM (SELECT e.revokes FROM events e WHERE e.revokes IS NOT NULL AND e.position > $1
          UNION ALL
          SELECT o.revokes FROM outbox o WHERE o.revokes IS NOT NULL) facts,
         jsonb_array_elements(facts.revokes) marker), '[]') AS markers
FROM log_head h
"""


@dataclass(slots=True)
class SqlMarkers(MarkerSource):
    """Markers of one log, read over a connection of its own."""

    connect: Callable[[], Awaitable[Any]]
    """Opens an asyncpg connection to the primary."""
    _connection: Any = field(default=None, init=False)
    _log: UUID | None = field(default=None, init=False)

    async def start(self) -> tuple[int, Sequence[WireMarker]]:
        row = await self._ask(START)
        self._log = row["log_id"]
        return row["position"], _markers.decode(row["markers"])

    async def since(self, position: int) -> tuple[int, Sequence[WireMarker]]:
        row = await self._ask(SINCE, position)
        if row["log_id"] != self._log:
            # A backup was restored: positions are given a second time, and `position` says nothing any more.
            return await self.start()
        return row["position"], _markers.decode(row["markers"])

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _ask(self, query: str, *args: Any) -> asyncpg.Record:
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self.connect()
            return await self._connection.fetchrow(query, *args)
        except BaseException as error:
            # Whatever it was, a timeout of the caller included: an answer may still be on its way on this connection.
            if self._connection is not None:
                self._connection.terminate()
                self._connection = None
            if isinstance(error, POSTGRES_LOST):
                raise Unavailable from error
            raise


_markers: Final = Decoder(list[WireMarker])

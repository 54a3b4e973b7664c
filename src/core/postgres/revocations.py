"""Read markers from the log."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg
from msgspec.json import Decoder

from core.bell import Bell
from core.postgres.loss import POSTGRES_LOST
from core.revocation_feed import PATIENCE, MarkerSource
from core.sharing import SharedReads
from domain.kernel.errors import CursorGone, Unavailable
from domain.sessions.ports import Heard, RevocationLog
from domain.sessions.schemas import Revocation
from gatewright_verifier.revocations import WireMarker

# The word names the facts that have no number yet: asked again, they are told again only if it has changed.
_WORD: Final = """
coalesce((SELECT left(encode(sha256(convert_to(string_agg(o.id::text, ',' ORDER BY o.id), 'UTF8')), 'hex'), 16)
          FROM outbox o WHERE o.revokes IS NOT NULL), '0') AS word
"""
# As text, which is made in half the time that `jsonb` takes.
START: Final = f"""
SELECT h.log_id, h.position, coalesce((
    SELECT json_agg(json_build_object(
        'scope', r.scope, 'id', r.id, 'cutoff', extract(epoch FROM r.cutoff), 'epoch', r.epoch))
    FROM revocations r WHERE r.expires_at > now()), '[]') AS markers, '[]' AS pending, {_WORD}
FROM log_head h
"""  # noqa: S608 - made of constants
_PATIENT: Final = f"SET LOCAL statement_timeout = {round(PATIENCE * 1000) + 1000}"
# What is committed and has no number yet is read too, so that revocation does not wait for the sequencer. One statement
# has one snapshot: nothing can be numbered between the two halves.
SINCE: Final = f"""
SELECT h.log_id, h.position, coalesce((
    SELECT jsonb_agg(marker) FROM events e, jsonb_array_elements(e.revokes) marker
    WHERE e.revokes IS NOT NULL AND e.position > $1), '[]') AS markers, coalesce((
    SELECT jsonb_agg(marker) FROM outbox o, jsonb_array_elements(o.revokes) marker
    WHERE o.revokes IS NOT NULL), '[]') AS pending, {_WORD}
FROM log_head h
"""  # noqa: S608 - made of constants
ABOUT: Final = """
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'scope', r.scope, 'id', r.id, 'cutoff', extract(epoch FROM r.cutoff), 'epoch', r.epoch)), '[]')
FROM revocations r WHERE (r.scope, r.id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""


@dataclass(slots=True)
class SqlMarkers(MarkerSource):
    """Markers of one log, read over a connection of its own."""

    connect: Callable[[], Awaitable[Any]]
    """Opens an asyncpg connection to the primary."""
    _connection: Any = field(default=None, init=False)
    _log: UUID | None = field(default=None, init=False)

    async def start(self) -> tuple[int, Sequence[WireMarker]]:
        row = await self._ask(every_live)
        self._log = row["log_id"]
        return row["position"], _markers.decode(row["markers"])

    async def since(self, position: int) -> tuple[int, Sequence[WireMarker]]:
        row = await self._ask(lambda connection: connection.fetchrow(SINCE, position))
        if row["log_id"] != self._log:
            # A backup was restored: positions are given a second time, and `position` says nothing any more.
            raise CursorGone
        return row["position"], [*_markers.decode(row["markers"]), *_markers.decode(row["pending"])]

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _ask(self, question: Callable[[Any], Awaitable[asyncpg.Record]]) -> asyncpg.Record:
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self.connect()
            return await question(self._connection)
        except BaseException as error:
            # Whatever it was, a timeout of the caller included: an answer may still be on its way on this connection.
            if self._connection is not None:
                self._connection.terminate()
                self._connection = None
            if isinstance(error, POSTGRES_LOST):
                raise Unavailable from error
            raise


async def every_live(connection: Any) -> asyncpg.Record:
    """Ask for every live marker, however many there are: with a deadline of its own, here and in Postgres."""
    async with connection.transaction(readonly=True):
        await connection.execute(_PATIENT)
        return await connection.fetchrow(START, timeout=PATIENCE)


_markers: Final = Decoder(list[WireMarker])
_revocations: Final = Decoder(list[Revocation])


class Reads(Protocol):
    """Lend a connection to the primary, of asyncpg."""

    def read(self) -> AbstractAsyncContextManager[Any]: ...


@dataclass(slots=True)
class SqlRevocationLog(RevocationLog):
    """The log of revocations, which many readers follow at once: those who know the same share what is read."""

    database: Reads
    bell: Bell
    """Rung when this process learns of a revocation."""
    _reads: SharedReads[int | None, Heard] = field(init=False)

    def __post_init__(self) -> None:
        self._reads = SharedReads(self._read)

    async def live(self) -> Heard:
        """See `RevocationLog.live`."""
        return await self._reads(None)

    async def since(self, position: int) -> Heard:
        """See `RevocationLog.since`."""
        return await self._reads(position)

    async def learned(self, past: int, seconds: float) -> None:
        """See `RevocationLog.learned`."""
        await self.bell.heard(past, seconds)

    async def _read(self, position: int | None) -> Heard:
        learned = self.bell.rung
        async with self.database.read() as connection:
            asked = every_live(connection) if position is None else connection.fetchrow(SINCE, position)
            row = await asked
        found, pending = (_revocations.decode(row[name]) for name in ("markers", "pending"))
        return Heard(row["log_id"], row["position"], found, pending, row["word"], learned)


@dataclass(frozen=True, slots=True)
class SqlMarkersAbout:
    """Markers of single subjects, as they are at the moment of the question."""

    database: Reads

    async def __call__(self, subjects: Iterable[str]) -> Sequence[WireMarker]:
        """Return the markers of `<scope>:<id>` …, or raise `Unavailable`."""
        scopes, ids = zip(*(subject.split(":", 1) for subject in subjects), strict=True)
        async with self.database.read() as connection:
            return _markers.decode(await connection.fetchval(ABOUT, scopes, ids))

"""Reading the log, and waiting for it to grow."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, Protocol
from uuid import UUID

from core.cloudevents import COLUMNS, cloud_event
from core.personal import PersonalKeys
from core.postgres.direct import Connects, session
from core.postgres.loss import outage
from core.retrying import forever
from domain.events.patterns import expression
from domain.events.ports import EVERYTHING, Stretch, Wanted
from domain.kernel.errors import Unavailable

LOG: Final = "log"
"""The channel on which the sequencer announces the position that the log has reached."""

# One statement, hence one snapshot: no event past the head, and none of another log.
READ: Final = f"""
SELECT h.log_id, h.position AS head, e.*
FROM log_head h
LEFT JOIN LATERAL (SELECT {COLUMNS} FROM events WHERE position > $1 ORDER BY position LIMIT $2) e ON true
ORDER BY e.position
"""  # noqa: S608 - made of constants


LOOKS_AT: Final = 10_000
"""How many events one read goes through for those that are wanted."""
# Again one snapshot. What is looked at is chosen by an index: by position alone, or in those of one organization.
READ_SOME: Final = """
WITH head AS MATERIALIZED (SELECT log_id, position FROM log_head),
seen AS MATERIALIZED (
    SELECT position, type, occurred_at FROM events WHERE position > $1 {whose} ORDER BY position LIMIT {looks_at}
), found AS MATERIALIZED (
    SELECT position FROM seen
    WHERE type ~ $3 AND ($4::timestamptz IS NULL OR occurred_at >= $4) AND ($5::timestamptz IS NULL OR occurred_at < $5)
    ORDER BY position LIMIT $2
)
SELECT h.log_id, h.position AS head, coalesce(
           (SELECT position FROM events WHERE position > $1 ORDER BY position LIMIT 1), h.position + 1) AS first,
       CASE WHEN (SELECT count(*) FROM found) = $2 THEN (SELECT max(position) FROM found)
            WHEN (SELECT count(*) FROM seen) = {looks_at} THEN (SELECT max(position) FROM seen)
            ELSE h.position END AS last, e.*
FROM head h LEFT JOIN LATERAL (
    SELECT {columns} FROM events WHERE position = ANY (ARRAY(SELECT position FROM found))
) e ON true ORDER BY e.position
"""
READ_ALL_OF: Final = READ_SOME.format(columns=COLUMNS, looks_at=LOOKS_AT, whose="")
READ_ORGANIZATION: Final = READ_SOME.format(columns=COLUMNS, looks_at=LOOKS_AT, whose="AND organization_id = $6")
ANY_TYPE: Final = "^"


class Reads(Protocol):
    """Lend a connection to the primary, of asyncpg."""

    def read(self) -> AbstractAsyncContextManager[Any]: ...


@dataclass(frozen=True, slots=True)
class Rows:
    """A part of the log as it is stored; see `Stretch`."""

    log: UUID
    head: int
    first: int
    last: int
    rows: list[Mapping[str, Any]]


async def rows_of(connection: Any, after: int, limit: int, wanted: Wanted) -> Rows:
    """Return up to `limit` rows of `events` past the position `after`; see `EventLog.read`."""
    found = await _fetched(connection, after, limit, wanted)
    top, last = found[0], found[-1]["position"]
    log_id, head, rows = top["log_id"], top["head"], found if last is not None else []
    if wanted == EVERYTHING:
        return Rows(log_id, head, top["position"] or head + 1, last or head, rows)
    return Rows(log_id, head, top["first"], top["last"], rows)


async def _fetched(connection: Any, after: int, limit: int, wanted: Wanted) -> Any:
    if wanted == EVERYTHING:
        return await connection.fetch(READ, after, limit)
    types = expression(wanted.types) if wanted.types else ANY_TYPE
    chosen = after, limit, types, wanted.since, wanted.until
    if wanted.organization_id is None:
        return await connection.fetch(READ_ALL_OF, *chosen)
    return await connection.fetch(READ_ORGANIZATION, *chosen, wanted.organization_id)


@dataclass(slots=True)
class LogFollower:
    """Know how far the log has come, with one connection per process however many wait. `run` it beside the readers.

    While Postgres is lost, or `run` does not run, nobody is woken: waiting then takes all the time it was given.
    """

    database: Connects
    _head: int = field(default=0, init=False)
    _closed: bool = field(default=False, init=False)
    _waiting: dict[asyncio.Future[None], int] = field(default_factory=dict, init=False)

    async def run(self) -> NoReturn:
        """Follow until cancelled, then let everybody go."""
        self._closed = False
        try:
            await forever("the follower of the log", self._serve)
        finally:
            self._closed = True
            self._wake()

    @property
    def head(self) -> int:
        """How far the log is known to have come."""
        return self._head

    async def reached(self, past: int, seconds: float) -> None:
        """Return when the log is known to reach beyond `past`, when following ends, or after `seconds`."""
        if self._closed or self._head > past:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = past
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await waiter
        finally:
            del self._waiting[waiter]

    async def _serve(self) -> None:
        lost = asyncio.Event()
        async with session(self.database, "gatewright-feed") as connection:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(LOG, lambda *said: self._advance(int(said[-1])))
            # A restored log is shorter: what was known of the one before must not hold anybody up, or wake them.
            self._head = 0
            self._advance(await connection.fetchval("SELECT position FROM log_head"))
            while not lost.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(5):
                        await lost.wait()
                if not lost.is_set():
                    self._advance(await connection.fetchval("SELECT position FROM log_head"))

    def _advance(self, head: int) -> None:
        if head > self._head:
            self._head = head
            self._wake()

    def _wake(self) -> None:
        for waiter, past in self._waiting.items():
            if (self._closed or past < self._head) and not waiter.done():
                waiter.set_result(None)


@dataclass(frozen=True, slots=True)
class SqlEventLog:
    """The log in Postgres."""

    database: Reads
    follower: LogFollower
    source: str = "/auth"
    """The `source` of every event: the issuer's URL, where there is one."""
    people: PersonalKeys = field(default_factory=PersonalKeys)
    """What opens the personal data of events; without them, those that have any cannot be read."""

    async def read(self, after: int, limit: int, wanted: Wanted = EVERYTHING) -> Stretch:
        """See `EventLog.read`."""
        try:
            async with self.database.read() as connection:
                part = await rows_of(connection, after, limit, wanted)
        except Exception as error:
            # Streams outlive this: nobody else tells them what it was.
            if outage(error):
                raise Unavailable from error
            raise
        events = [cloud_event(each, self.source, self.people) for each in part.rows]
        return Stretch(part.log, part.head, part.first, part.last, events)

    async def grown(self, past: int, seconds: float) -> None:
        """See `EventLog.grown`."""
        await self.follower.reached(past, seconds)

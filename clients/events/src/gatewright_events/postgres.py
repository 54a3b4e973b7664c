"""An inbox in Postgres, by asyncpg: any number of processes may share it. Needs the extra `postgres`."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from gatewright_events.events import Event, concerns, read
from gatewright_events.inbox import ENDED, Inbox, Letter, Transaction

TABLES: Final = """
CREATE TABLE IF NOT EXISTS inbox_seen (event_id text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS inbox_pruned (one integer PRIMARY KEY CHECK (one = 1), before timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS inbox_aggregates (aggregate_id uuid PRIMARY KEY, version bigint NOT NULL);
CREATE TABLE IF NOT EXISTS inbox_waiting (
    aggregate_id uuid, version bigint, body text NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (aggregate_id, version)
);
CREATE INDEX IF NOT EXISTS inbox_waiting_at ON inbox_waiting (at);
CREATE TABLE IF NOT EXISTS inbox_letters (
    id text PRIMARY KEY, body text NOT NULL, reason text NOT NULL, attempts integer NOT NULL, at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS inbox_place (one integer PRIMARY KEY CHECK (one = 1), cursor text NOT NULL);
CREATE TABLE IF NOT EXISTS inbox_loaded (aggregate_id uuid PRIMARY KEY, version bigint NOT NULL);
CREATE TABLE IF NOT EXISTS inbox_copying (one integer PRIMARY KEY CHECK (one = 1), place text);
CREATE TABLE IF NOT EXISTS inbox_begun (name text PRIMARY KEY, times bigint NOT NULL, at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS inbox_former (aggregate_id uuid PRIMARY KEY, version bigint NOT NULL);
"""
TIMED: Final = """
SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'inbox_seen'::regclass AND attname = 'at' AND NOT attisdropped)
"""
# What was seen by a release that noted no time was seen now at the latest. It goes on noting beside this one.
TIME: Final = "ALTER TABLE inbox_seen ADD COLUMN IF NOT EXISTS at timestamptz NOT NULL DEFAULT now()"
PRUNED: Final = """
INSERT INTO inbox_pruned AS old VALUES (1, $1)
ON CONFLICT (one) DO UPDATE SET before = greatest(least(old.before, $2), excluded.before)
"""
VERSION: Final = """
INSERT INTO inbox_aggregates VALUES ($1, 0)
ON CONFLICT (aggregate_id) DO UPDATE SET version = inbox_aggregates.version RETURNING version
"""
"""Locks the row: of processes that share the inbox one at a time handles an aggregate."""
HELD: Final = """
DELETE FROM inbox_waiting WHERE (aggregate_id, version) = (
    SELECT aggregate_id, version FROM inbox_waiting WHERE aggregate_id = $1 AND version = coalesce($2, version)
    ORDER BY version LIMIT 1
) RETURNING body
"""
BURY: Final = """
INSERT INTO inbox_letters VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE
SET body = excluded.body, reason = excluded.reason, attempts = excluded.attempts, at = excluded.at
"""
# In the order of ids, so that two who load the same wait for each other only one way.
LOAD: Final = """
INSERT INTO inbox_aggregates AS old SELECT * FROM unnest($1::uuid[], $2::bigint[]) ORDER BY 1
ON CONFLICT (aggregate_id) DO UPDATE SET version = greatest(old.version, excluded.version)
RETURNING aggregate_id, version
"""
LOADED: Final = """
INSERT INTO inbox_loaded SELECT * FROM unnest($1::uuid[], $2::bigint[])
ON CONFLICT (aggregate_id) DO UPDATE SET version = excluded.version
"""
SETTLED: Final = """
DELETE FROM inbox_waiting w USING unnest($1::uuid[], $2::bigint[]) AS now (id, version)
WHERE w.aggregate_id = now.id AND w.version <= now.version
"""
VERSIONS: Final = """
SELECT aggregate_id, version FROM inbox_aggregates a WHERE aggregate_id = ANY ($1)
AND (version > 0 OR EXISTS (SELECT FROM inbox_loaded l WHERE l.aggregate_id = a.aggregate_id))
"""
"""Without the rows that are there to be locked."""
NOTED: Final = """
INSERT INTO inbox_copying VALUES (1, NULL) ON CONFLICT (one) DO UPDATE SET place = inbox_copying.place RETURNING place
"""
"""Locks the row: of processes that share the inbox one at a time goes on copying."""
BEGIN: Final = """
WITH old AS (SELECT times FROM inbox_begun WHERE name = $1), new AS (
    INSERT INTO inbox_begun AS b VALUES ($1, 1, $2) ON CONFLICT (name) DO UPDATE
    SET times = b.times + 1, at = excluded.at
    WHERE excluded.at >= b.at + interval '1 second' OR excluded.at <= b.at - interval '1 second'
) SELECT coalesce((SELECT times FROM old), 0)
"""
ALONE: Final = "LOCK TABLE inbox_aggregates IN EXCLUSIVE MODE"
"""Waits for everybody who handles something, and has others wait where they begin to."""
RENEW: Final = """
WITH old AS (
    DELETE FROM inbox_aggregates a WHERE version < $1
    AND NOT EXISTS (SELECT FROM inbox_loaded l WHERE l.aggregate_id = a.aggregate_id) RETURNING *
)
INSERT INTO inbox_former AS known SELECT * FROM old
ON CONFLICT (aggregate_id) DO UPDATE SET version = greatest(known.version, excluded.version)
"""
NOTE: Final = "INSERT INTO inbox_copying VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET place = excluded.place"
FORGET: Final = """
TRUNCATE inbox_seen, inbox_aggregates, inbox_waiting, inbox_place, inbox_loaded, inbox_begun, inbox_pruned, inbox_former
"""


@dataclass
class PostgresTransaction(Transaction[Any]):
    """See `Transaction`."""

    database: Any

    @property
    def connection(self) -> Any:
        """See `Transaction.connection`: one of asyncpg."""
        return self.database

    async def remember(self, event_id: str, at: datetime) -> bool:
        """See `Transaction.remember`."""
        done = await self.database.execute(
            "INSERT INTO inbox_seen VALUES ($1, $2) ON CONFLICT DO NOTHING", event_id, at
        )
        return bool(done == "INSERT 0 1")

    async def span(self) -> tuple[datetime, datetime] | None:
        """See `Transaction.span`."""
        first, last = await self.database.fetchrow("SELECT min(at), max(at) FROM inbox_seen")
        return (first, last) if first else None

    async def prune(self, before: datetime, latest: datetime) -> int:
        """See `Transaction.prune`."""
        waiting = [read(row["body"]).id for row in await self.database.fetch("SELECT body FROM inbox_waiting")]
        await self.database.execute(PRUNED, before, latest)
        done = await self.database.execute(
            "DELETE FROM inbox_seen WHERE at < $1 AND event_id <> ALL ($2)", before, waiting
        )
        return int(done.removeprefix("DELETE "))

    async def pruned(self) -> datetime | None:
        """See `Transaction.pruned`."""
        found: datetime | None = await self.database.fetchval("SELECT before FROM inbox_pruned")
        return found

    async def version(self, aggregate_id: UUID) -> int:
        """See `Transaction.version`."""
        return int(await self.database.fetchval(VERSION, aggregate_id))

    async def advance(self, aggregate_id: UUID, version: int) -> None:
        """See `Transaction.advance`."""
        await self.database.execute(
            "INSERT INTO inbox_aggregates VALUES ($1, $2) ON CONFLICT (aggregate_id) DO UPDATE SET version = $2",
            aggregate_id,
            version,
        )

    async def hold(self, event: Event, at: datetime) -> None:
        """See `Transaction.hold`."""
        await self.database.execute(
            "INSERT INTO inbox_waiting VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (aggregate_id, version) DO UPDATE SET body = excluded.body, at = excluded.at",
            *(event.aggregate_id, event.aggregate_version, _storable(event.body), at),
        )

    async def held(self, aggregate_id: UUID, version: int | None = None) -> Event | None:
        """See `Transaction.held`."""
        body = await self.database.fetchval(HELD, aggregate_id, version)
        return None if body is None else read(body)

    async def waiting(self) -> int:
        """See `Transaction.waiting`."""
        return int(await self.database.fetchval("SELECT count(*) FROM inbox_waiting"))

    async def overdue(self, since: datetime) -> Sequence[UUID]:
        """See `Transaction.overdue`."""
        found = await self.database.fetch("SELECT DISTINCT aggregate_id FROM inbox_waiting WHERE at <= $1", since)
        return [UUID(str(row["aggregate_id"])) for row in found]

    async def bury(self, letter: Letter) -> None:
        """See `Transaction.bury`."""
        body, reason = _storable(letter.body), _storable(letter.reason)
        await self.database.execute(BURY, letter.id, body, reason, letter.attempts, letter.at)

    async def letters(self, limit: int) -> Sequence[Letter]:
        """See `Transaction.letters`."""
        found = await self.database.fetch("SELECT * FROM inbox_letters ORDER BY at, id LIMIT $1", limit)
        return [Letter(**row) for row in found]

    async def unbury(self, letter_id: str) -> Letter | None:
        """See `Transaction.unbury`."""
        row = await self.database.fetchrow("DELETE FROM inbox_letters WHERE id = $1 RETURNING *", letter_id)
        return Letter(**row) if row else None

    async def purge(self, aggregate_id: UUID) -> None:
        """See `Transaction.purge`."""
        await self.database.execute("DELETE FROM inbox_waiting WHERE aggregate_id = $1", aggregate_id)
        naming = "SELECT id, body FROM inbox_letters WHERE strpos(body, $1) > 0"
        found = await self.database.fetch(naming, str(aggregate_id))
        about = [row["id"] for row in found if concerns(row["body"], aggregate_id)]
        await self.database.execute("DELETE FROM inbox_letters WHERE id = ANY ($1)", about)

    async def cursor(self) -> str | None:
        """See `Transaction.cursor`."""
        found: str | None = await self.database.fetchval("SELECT cursor FROM inbox_place")
        return found

    async def move(self, cursor: str | None) -> None:
        """See `Transaction.move`."""
        await self.database.execute("DELETE FROM inbox_place")
        if cursor is not None:
            await self.database.execute("INSERT INTO inbox_place VALUES (1, $1)", cursor)

    async def load(self, versions: Mapping[UUID, int]) -> Collection[UUID]:
        """See `Transaction.load`."""
        rows = await self.database.fetch(LOAD, [*versions], [*versions.values()])
        found = {UUID(str(row["aggregate_id"])): row["version"] for row in rows}
        ahead = {id_ for id_, version in versions.items() if found[id_] > version}
        behind = {id_: version for id_, version in versions.items() if id_ not in ahead}
        for statement in (LOADED, SETTLED):
            await self.database.execute(statement, [*behind], [*behind.values()])
        return ahead

    async def loaded(self, aggregate_id: UUID) -> int:
        """See `Transaction.loaded`."""
        found = await self.database.fetchval("SELECT version FROM inbox_loaded WHERE aggregate_id = $1", aggregate_id)
        return int(found or 0)

    async def versions(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        """See `Transaction.versions`."""
        rows = await self.database.fetch(VERSIONS, [*ids])
        return {UUID(str(row["aggregate_id"])): row["version"] for row in rows}

    async def noted(self) -> str | None:
        """See `Transaction.noted`."""
        found: str | None = await self.database.fetchval(NOTED)
        return found

    async def note(self, place: str | None) -> None:
        """See `Transaction.note`."""
        await self.database.execute(NOTE, place)

    async def begin(self, name: str, at: datetime) -> int:
        """See `Transaction.begin`."""
        return int(await self.database.fetchval(BEGIN, name, at))

    async def finish(self, name: str) -> None:
        """See `Transaction.finish`."""
        await self.database.execute("DELETE FROM inbox_begun WHERE name = $1", name)

    async def renew(self) -> None:
        """See `Transaction.renew`."""
        await self.database.execute(ALONE)
        await self.database.execute(RENEW, ENDED)
        waited = await self.database.fetch("DELETE FROM inbox_waiting RETURNING body")
        ids = [read(row["body"]).id for row in waited]
        await self.database.execute("DELETE FROM inbox_seen WHERE event_id = ANY ($1)", ids)

    async def former(self, aggregate_id: UUID) -> int:
        """See `Transaction.former`."""
        found = await self.database.fetchval("SELECT version FROM inbox_former WHERE aggregate_id = $1", aggregate_id)
        return int(found or 0)

    async def forget(self) -> None:
        """See `Transaction.forget`."""
        await self.note(None)  # first: whoever copies holds that row, and then wants the tables
        await self.database.execute(FORGET)


@dataclass
class PostgresInbox(Inbox[Any]):
    """See `Inbox`."""

    pool: asyncpg.Pool

    async def prepare(self) -> None:
        """Make the tables, where they are not there yet, or not yet as this release has them."""
        await self.pool.execute(TABLES)
        if not await self.pool.fetchval(TIMED):  # which needs no lock, as the change does
            await self.pool.execute(TIME)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """See `Inbox.transaction`."""
        async with self.pool.acquire() as connection, connection.transaction():
            yield PostgresTransaction(connection)


def _storable(text: str) -> str:
    """Return `text` without what Postgres cannot hold."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")

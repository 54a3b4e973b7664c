"""An inbox in SQLite, beside the tables of its consumer. One process uses it at a time."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import time
from typing import Any, Final, Self
from uuid import UUID

from gatewright_events.events import Event, concerns, read
from gatewright_events.inbox import ENDED, Inbox, Letter, Transaction

TABLES: Final = """
CREATE TABLE IF NOT EXISTS inbox_seen (event_id TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox_pruned (one INTEGER PRIMARY KEY CHECK (one = 1), before REAL NOT NULL);
CREATE TABLE IF NOT EXISTS inbox_aggregates (aggregate_id TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox_waiting (
    aggregate_id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (aggregate_id, version)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS inbox_waiting_at ON inbox_waiting (at);
CREATE TABLE IF NOT EXISTS inbox_letters (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, reason TEXT NOT NULL, attempts INTEGER NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox_place (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS inbox_loaded (aggregate_id TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox_copying (one INTEGER PRIMARY KEY CHECK (one = 1), place TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS inbox_begun (name TEXT PRIMARY KEY, times INTEGER NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox_former (aggregate_id TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
"""
TIMED: Final = "SELECT count(*) FROM pragma_table_info('inbox_seen') WHERE name = 'at'"
BEGIN: Final = """
INSERT INTO inbox_begun AS old VALUES (?, 1, ?) ON CONFLICT (name) DO UPDATE
SET times = times + 1, at = excluded.at WHERE excluded.at >= old.at + 1 OR excluded.at <= old.at - 1
"""
PRUNED: Final = """
INSERT INTO inbox_pruned AS old VALUES (1, ?) ON CONFLICT (one) DO UPDATE
SET before = max(min(old.before, ?), excluded.before)
"""
OLD: Final = "version < ? AND aggregate_id NOT IN (SELECT aggregate_id FROM inbox_loaded)"
FORMER: Final = f"""
INSERT INTO inbox_former AS old SELECT * FROM inbox_aggregates WHERE {OLD}
ON CONFLICT (aggregate_id) DO UPDATE SET version = max(old.version, excluded.version)
"""  # noqa: S608 - a condition of ours
PRUNE: Final = "DELETE FROM inbox_seen WHERE at < ? AND event_id NOT IN (SELECT value FROM json_each(?))"
KNOWN: Final = "INSERT OR REPLACE INTO inbox_aggregates VALUES (?, ?)"
LOADED: Final = "INSERT OR REPLACE INTO inbox_loaded VALUES (?, ?)"
VERSIONS: Final = """
SELECT aggregate_id, version FROM inbox_aggregates WHERE aggregate_id IN (SELECT value FROM json_each(?))
"""


@dataclass
class SqliteTransaction(Transaction[sqlite3.Connection]):
    """See `Transaction`."""

    database: sqlite3.Connection

    @property
    def connection(self) -> sqlite3.Connection:
        """See `Transaction.connection`."""
        return self.database

    async def remember(self, event_id: str, at: datetime) -> bool:
        """See `Transaction.remember`."""
        row = event_id, at.timestamp()
        return self.database.execute("INSERT OR IGNORE INTO inbox_seen VALUES (?, ?)", row).rowcount > 0

    async def span(self) -> tuple[datetime, datetime] | None:
        """See `Transaction.span`."""
        first, last = self._row("SELECT min(at), max(at) FROM inbox_seen")
        return None if first is None else (datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC))

    async def prune(self, before: datetime, latest: datetime) -> int:
        """See `Transaction.prune`."""
        waiting = json.dumps([read(row[0]).id for row in self.database.execute("SELECT body FROM inbox_waiting")])
        self.database.execute(PRUNED, (before.timestamp(), latest.timestamp()))
        return self.database.execute(PRUNE, (before.timestamp(), waiting)).rowcount

    async def pruned(self) -> datetime | None:
        """See `Transaction.pruned`."""
        row = self._row("SELECT before FROM inbox_pruned")
        return datetime.fromtimestamp(row[0], UTC) if row else None

    async def version(self, aggregate_id: UUID) -> int:
        """See `Transaction.version`."""
        row = self._row("SELECT version FROM inbox_aggregates WHERE aggregate_id = ?", str(aggregate_id))
        return row[0] if row else 0

    async def advance(self, aggregate_id: UUID, version: int) -> None:
        """See `Transaction.advance`."""
        self.database.execute(KNOWN, (str(aggregate_id), version))

    async def hold(self, event: Event, at: datetime) -> None:
        """See `Transaction.hold`."""
        row = (str(event.aggregate_id), event.aggregate_version, event.body, at.timestamp())
        self.database.execute("INSERT OR REPLACE INTO inbox_waiting VALUES (?, ?, ?, ?)", row)

    async def held(self, aggregate_id: UUID, version: int | None = None) -> Event | None:
        """See `Transaction.held`."""
        row = self._row(
            "SELECT version, body FROM inbox_waiting WHERE aggregate_id = ?1 AND version = coalesce(?2, version) "
            "ORDER BY version LIMIT 1",
            str(aggregate_id),
            version,
        )
        if row is None:
            return None
        place = str(aggregate_id), row[0]
        self.database.execute("DELETE FROM inbox_waiting WHERE aggregate_id = ? AND version = ?", place)
        return read(row[1])

    async def waiting(self) -> int:
        """See `Transaction.waiting`."""
        row = self._row("SELECT count(*) FROM inbox_waiting")
        return int(row[0])

    async def overdue(self, since: datetime) -> Sequence[UUID]:
        """See `Transaction.overdue`."""
        found = "SELECT DISTINCT aggregate_id FROM inbox_waiting WHERE at <= ?"
        return [UUID(row[0]) for row in self.database.execute(found, (since.timestamp(),)).fetchall()]

    async def bury(self, letter: Letter) -> None:
        """See `Transaction.bury`."""
        row = (letter.id, letter.body, letter.reason, letter.attempts, letter.at.timestamp())
        self.database.execute("INSERT OR REPLACE INTO inbox_letters VALUES (?, ?, ?, ?, ?)", row)

    async def letters(self, limit: int) -> Sequence[Letter]:
        """See `Transaction.letters`."""
        found = self.database.execute("SELECT * FROM inbox_letters ORDER BY at, id LIMIT ?", (limit,)).fetchall()
        return [_letter(row) for row in found]

    async def unbury(self, letter_id: str) -> Letter | None:
        """See `Transaction.unbury`."""
        row = self._row("SELECT * FROM inbox_letters WHERE id = ?", letter_id)
        self.database.execute("DELETE FROM inbox_letters WHERE id = ?", (letter_id,))
        return _letter(row) if row else None

    async def purge(self, aggregate_id: UUID) -> None:
        """See `Transaction.purge`."""
        name = str(aggregate_id)
        self.database.execute("DELETE FROM inbox_waiting WHERE aggregate_id = ?", (name,))
        found = self.database.execute("SELECT id, body FROM inbox_letters WHERE instr(body, ?)", (name,)).fetchall()
        about = [(id_,) for id_, body in found if concerns(body, aggregate_id)]
        self.database.executemany("DELETE FROM inbox_letters WHERE id = ?", about)

    async def cursor(self) -> str | None:
        """See `Transaction.cursor`."""
        row = self._row("SELECT cursor FROM inbox_place")
        return row[0] if row else None

    async def move(self, cursor: str | None) -> None:
        """See `Transaction.move`."""
        self.database.execute("DELETE FROM inbox_place")
        if cursor is not None:
            self.database.execute("INSERT INTO inbox_place VALUES (1, ?)", (cursor,))

    async def load(self, versions: Mapping[UUID, int]) -> Collection[UUID]:
        """See `Transaction.load`."""
        known = await self.versions(versions)
        ahead = {id_ for id_, version in versions.items() if known.get(id_, 0) > version}
        rows = [(str(id_), version) for id_, version in versions.items() if id_ not in ahead]
        self.database.executemany(KNOWN, rows)
        self.database.executemany(LOADED, rows)
        self.database.executemany("DELETE FROM inbox_waiting WHERE aggregate_id = ? AND version <= ?", rows)
        return ahead

    async def loaded(self, aggregate_id: UUID) -> int:
        """See `Transaction.loaded`."""
        row = self._row("SELECT version FROM inbox_loaded WHERE aggregate_id = ?", str(aggregate_id))
        return row[0] if row else 0

    async def versions(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        """See `Transaction.versions`."""
        rows = self.database.execute(VERSIONS, (json.dumps([str(each) for each in ids]),))
        return {UUID(row[0]): row[1] for row in rows}

    async def noted(self) -> str | None:
        """See `Transaction.noted`."""
        row = self._row("SELECT place FROM inbox_copying")
        return row[0] if row else None

    async def note(self, place: str | None) -> None:
        """See `Transaction.note`."""
        self.database.execute("DELETE FROM inbox_copying")
        if place is not None:
            self.database.execute("INSERT INTO inbox_copying VALUES (1, ?)", (place,))

    async def begin(self, name: str, at: datetime) -> int:
        """See `Transaction.begin`."""
        row = self._row("SELECT times FROM inbox_begun WHERE name = ?", name)
        self.database.execute(BEGIN, (name, at.timestamp()))
        return row[0] if row else 0

    async def finish(self, name: str) -> None:
        """See `Transaction.finish`."""
        self.database.execute("DELETE FROM inbox_begun WHERE name = ?", (name,))

    async def renew(self) -> None:
        """See `Transaction.renew`."""
        self.database.execute(FORMER, (ENDED,))
        self.database.execute(f"DELETE FROM inbox_aggregates WHERE {OLD}", (ENDED,))  # noqa: S608 - as above
        waited = [(read(row[0]).id,) for row in self.database.execute("SELECT body FROM inbox_waiting")]
        self.database.executemany("DELETE FROM inbox_seen WHERE event_id = ?", waited)
        self.database.execute("DELETE FROM inbox_waiting")

    async def former(self, aggregate_id: UUID) -> int:
        """See `Transaction.former`."""
        row = self._row("SELECT version FROM inbox_former WHERE aggregate_id = ?", str(aggregate_id))
        return row[0] if row else 0

    async def forget(self) -> None:
        """See `Transaction.forget`."""
        for name in ("seen", "aggregates", "waiting", "place", "loaded", "copying", "begun", "pruned", "former"):
            self.database.execute(f"DELETE FROM inbox_{name}")  # noqa: S608 - names of ours

    def _row(self, statement: str, *values: Any) -> Any:
        return self.database.execute(statement, values).fetchone()


@dataclass
class SqliteInbox(Inbox[sqlite3.Connection]):
    """See `Inbox`. Its tables are made when it is opened."""

    database: sqlite3.Connection
    """In autocommit mode; handlers are given it."""
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    @classmethod
    def open(cls, path: str) -> Self:
        """Open or make the database at `path`."""
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(TABLES)
        if database.execute(TIMED).fetchone() == (0,):
            # Of a release that noted no time: what was seen until now was seen now at the latest.
            database.execute(f"ALTER TABLE inbox_seen ADD COLUMN at REAL NOT NULL DEFAULT {time():f}")
        return cls(database)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqliteTransaction]:
        """See `Inbox.transaction`."""
        async with self._alone:
            self.database.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteTransaction(self.database)
                self.database.execute("COMMIT")
            except BaseException:
                self.database.execute("ROLLBACK")
                raise


def _letter(row: Any) -> Letter:
    return Letter(row[0], row[1], row[2], row[3], datetime.fromtimestamp(row[4], UTC))

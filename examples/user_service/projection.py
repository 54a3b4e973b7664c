"""What this service knows of people: a projection of their events, in SQLite."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Final, Self

TABLES: Final = """
CREATE TABLE IF NOT EXISTS inbox (event_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS users (
    user_id         TEXT PRIMARY KEY,
    email           TEXT,
    full_name       TEXT,
    is_active       INTEGER NOT NULL DEFAULT 1,
    is_deleted      INTEGER NOT NULL DEFAULT 0,
    profile_version INTEGER NOT NULL DEFAULT 0,
    status_version  INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT NOT NULL);
"""
PROFILE: Final = """
INSERT INTO users (user_id, email, full_name, profile_version) VALUES (:id, :email, :full_name, :version)
ON CONFLICT (user_id) DO UPDATE
SET email = excluded.email, full_name = excluded.full_name, profile_version = excluded.profile_version
WHERE excluded.profile_version > users.profile_version AND NOT users.is_deleted
"""
STATUS: Final = """
INSERT INTO users (user_id, is_active, status_version) VALUES (:id, :active, :version)
ON CONFLICT (user_id) DO UPDATE SET is_active = excluded.is_active, status_version = excluded.status_version
WHERE excluded.status_version > users.status_version AND NOT users.is_deleted
"""
# The row stays, empty: an update that arrives after the deletion must not bring the person back.
FORGET: Final = """
INSERT INTO users (user_id, is_active, is_deleted) VALUES (:id, 0, 1)
ON CONFLICT (user_id) DO UPDATE SET email = NULL, full_name = NULL, is_active = 0, is_deleted = 1
"""
STATUSES: Final = {"created": True, "reactivated": True, "deactivated": False}


@dataclass(frozen=True, slots=True)
class Projection:
    """Apply events once each, in whatever order they arrive.

    RabbitMQ redelivers out of order, so arrival says nothing: `aggregateversion` does. An event says all there is to
    know of one aspect (who somebody is, whether they may sign in), so the newest of each aspect wins.
    """

    database: sqlite3.Connection

    @classmethod
    def open(cls, path: str) -> Self:
        """Open or make the database at `path`."""
        # Used from one thread at a time: the loop waits while another catches up.
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(TABLES)
        return cls(database)

    def apply(self, body: bytes | str) -> bool:
        """Apply one CloudEvent; return whether it was new. Raise `ValueError` if it is none, and change nothing."""
        return self.take(read(body))

    def take(self, event: dict[str, Any]) -> bool:
        """Apply one event that was read; inbox and projection change together or not at all."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            seen = self.database.execute("INSERT OR IGNORE INTO inbox VALUES (?)", (event["id"],)).rowcount
            if seen:
                self._project(event)
            self.database.execute("COMMIT")
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        return bool(seen)

    def _project(self, event: dict[str, Any]) -> None:
        what = event["type"].rpartition(".")[2]
        row = {"id": event["aggregateid"], "version": event["aggregateversion"]}
        if what in {"created", "updated"} and not event.get("erased"):
            data = event["data"]
            self.database.execute(PROFILE, {**row, "email": data["email"], "full_name": data["full_name"]})
        if what in STATUSES:
            self.database.execute(STATUS, {**row, "active": STATUSES[what]})
        if what == "erased":
            self.database.execute(FORGET, row)

    def move(self, cursor: str) -> None:
        """Remember how far the feed was read; a crash before it means reading a part again, which changes nothing."""
        self.database.execute("INSERT OR REPLACE INTO place VALUES (1, ?)", (cursor,))

    def cursor(self) -> str | None:
        """Return how far the feed was read."""
        row = self.database.execute("SELECT cursor FROM place").fetchone()
        return row[0] if row else None

    def forget_cursor(self) -> None:
        """Read the feed from its beginning next time; the inbox tells what is known already."""
        self.database.execute("DELETE FROM place")


def read(body: bytes | str) -> dict[str, Any]:
    """Return the CloudEvent in `body`, or raise `ValueError`."""
    try:
        event = json.loads(body)
        well = event["specversion"] == "1.0" and isinstance(event["data"], dict)
        texts = all(isinstance(event[name], str) and event[name] for name in ("id", "type", "aggregateid"))
        numbered = type(event["aggregateversion"]) is int
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("not a CloudEvent of ours") from error
    if not (well and texts and numbered):
        raise ValueError("not a CloudEvent of ours")
    return dict(event)

"""What this service knows of people: a projection of their events, in the database of its inbox."""

import sqlite3
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from gatewright_events.copying import Copy
from gatewright_events.events import Event
from gatewright_events.snapshots import State

TABLE: Final = """
CREATE TABLE IF NOT EXISTS users (
    user_id   TEXT PRIMARY KEY,
    email     TEXT,
    full_name TEXT,
    is_active INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID
"""
PROFILE: Final = """
INSERT INTO users (user_id, email, full_name) VALUES (:id, :email, :full_name)
ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, full_name = excluded.full_name
"""
STATUS: Final = "UPDATE users SET is_active = :active WHERE user_id = :id"
FORGET: Final = "DELETE FROM users WHERE user_id = :id"
AS_IT_IS: Final = "INSERT OR REPLACE INTO users VALUES (:id, :email, :full_name, :is_active)"
THERE: Final = "SELECT user_id FROM users WHERE user_id BETWEEN ? AND ?"


async def project(event: Event, database: sqlite3.Connection) -> None:
    """Apply an event of a person. They come once each and in order, so that there is nothing to compare."""
    person = {"id": str(event.aggregate_id)}
    match event.type.rpartition(".")[2]:
        case "created" | "updated" as what if not event.erased:
            email, full_name = event.data["email"], event.data["full_name"]
            database.execute(PROFILE, {**person, "email": email, "full_name": full_name})
            if what == "created":
                print(f"UserCreated {event.aggregate_id} {email}", flush=True)
        case "reactivated" | "deactivated" as what:
            database.execute(STATUS, {**person, "active": what == "reactivated"})
        case "erased":
            database.execute(FORGET, person)


async def load(person: State, database: sqlite3.Connection) -> None:
    """Write down somebody as they are now."""
    told = {name: person.data[name] for name in ("email", "full_name", "is_active")}
    database.execute(AS_IT_IS, {"id": str(person.id), **told})


async def there(first: UUID, last: UUID, database: sqlite3.Connection) -> Iterable[UUID]:
    """Name whom the table has."""
    return [UUID(row[0]) for row in database.execute(THERE, (str(first), str(last)))]


async def drop(person: UUID, database: sqlite3.Connection) -> None:
    """Forget somebody who is not there any more."""
    database.execute(FORGET, {"id": str(person)})


PEOPLE: Final = Copy("user", load, there, drop)
"""How a new instance begins."""


async def reset(database: sqlite3.Connection) -> None:
    """Forget everybody, before the events are read anew."""
    database.execute("DELETE FROM users")

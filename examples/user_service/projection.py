"""What this service knows of people: a projection of their events, in the database of its inbox."""

import sqlite3
from typing import Final

from gatewright_events.events import Event

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


async def project(event: Event, database: sqlite3.Connection) -> None:
    """Apply an event of a person. They come once each and in order, so that there is nothing to compare."""
    person = {"id": str(event.aggregate_id)}
    match event.type.rpartition(".")[2]:
        case "created" | "updated" as what:
            email, full_name = event.data["email"], event.data["full_name"]
            database.execute(PROFILE, {**person, "email": email, "full_name": full_name})
            if what == "created":
                print(f"UserCreated {event.aggregate_id} {email}", flush=True)
        case "reactivated" | "deactivated" as what:
            database.execute(STATUS, {**person, "active": what == "reactivated"})
        case "deleted" | "erased":
            database.execute(FORGET, person)


async def reset(database: sqlite3.Connection) -> None:
    """Forget everybody, before the events are read anew."""
    database.execute("DELETE FROM users")

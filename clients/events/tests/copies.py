"""Somebody who keeps people in a table, and one who keeps them in memory."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from gatewright_events.consumer import Consumer
from gatewright_events.copying import Copy
from gatewright_events.events import Event
from gatewright_events.feed import FeedSubscriber
from gatewright_events.snapshots import State
from gatewright_events.sqlite import SqliteInbox
from gatewright_events.testing_http import ADDRESS, TOKEN, MemoryGatewright

TABLE = "CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, name TEXT)"
PUT = "INSERT OR REPLACE INTO people VALUES (?, ?)"


async def handle(event: Event, database: sqlite3.Connection) -> None:
    if event.type == "identity.user.erased":
        await drop(event.aggregate_id, database)
    elif "name" in event.data:
        database.execute(PUT, (str(event.aggregate_id), event.data["name"]))


async def load(state: State, database: sqlite3.Connection) -> None:
    database.execute(PUT, (str(state.id), state.data["name"]))


async def ids(first: UUID, last: UUID, database: sqlite3.Connection) -> Iterable[UUID]:
    rows = database.execute("SELECT id FROM people WHERE id BETWEEN ? AND ?", (str(first), str(last)))
    return [UUID(row[0]) for row in rows]


async def drop(id_: UUID, database: sqlite3.Connection) -> None:
    database.execute("DELETE FROM people WHERE id = ?", (str(id_),))


PEOPLE: Copy[sqlite3.Connection] = Copy("user", load, ids, drop)


async def remember(state: State, kept: dict[Any, Any]) -> None:
    kept[state.kind, state.id] = state.data["name"]


def in_memory(kind: str) -> Copy[dict[Any, Any]]:
    async def known(first: UUID, last: UUID, kept: dict[Any, Any]) -> Iterable[UUID]:
        return [id_ for of, id_ in kept if of == kind and first <= id_ <= last]

    async def forget(id_: UUID, kept: dict[Any, Any]) -> None:
        del kept[kind, id_]

    return Copy(kind, remember, known, forget)


class Stopped(Exception):
    """What a process says that is killed."""


class Desk:
    """A consumer of people in SQLite, beside a Gatewright in memory."""

    def __init__(self, folder: Path) -> None:
        self.gatewright, self.path = MemoryGatewright(), str(folder / "people.sqlite3")
        self.handled: list[tuple[UUID, int]] = []
        self.open()

    def open(self) -> None:
        """As a process does that starts."""
        self.inbox = SqliteInbox.open(self.path)
        self.inbox.database.execute(TABLE)
        self.consumer = Consumer(self.inbox, self.handle, ("identity.user.*",))
        self.subscriber = self.subscribed(PEOPLE)

    def subscribed(self, *copies: Copy[Any]) -> FeedSubscriber[sqlite3.Connection]:
        client = self.gatewright.client()
        return FeedSubscriber(self.consumer, ADDRESS, TOKEN, client, copies=copies, part=3)

    async def handle(self, event: Event, database: sqlite3.Connection) -> None:
        self.handled.append((event.aggregate_id, event.aggregate_version))
        await handle(event, database)

    def put(self, id_: UUID, name: str = "Ada") -> dict[str, Any]:
        known = id_ in self.gatewright.states
        return self.gatewright.announce(f"identity.user.{'updated' if known else 'created'}", id_, name=name)

    def erase(self, id_: UUID) -> dict[str, Any]:
        return self.gatewright.announce("identity.user.erased", id_, ends=True)

    def is_complete(self) -> bool:
        rows = self.inbox.database.execute("SELECT id, name FROM people").fetchall()
        return dict(rows) == {str(each.id): each.data["name"] for each in self.gatewright.states.values()}

    def asked(self, path: str) -> list[dict[str, str]]:
        return [asked for of, asked in self.gatewright.asked if of == path]

    def cursor(self) -> str:
        row = self.inbox.database.execute("SELECT cursor FROM inbox_place").fetchone()
        return str(row[0])

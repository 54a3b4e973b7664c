import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewright_events.sqlite import SqliteInbox


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[SqliteInbox]:
    made = SqliteInbox.open(str(tmp_path / "inbox.sqlite3"))
    yield made
    made.database.close()


@pytest.fixture
def table(inbox: SqliteInbox) -> sqlite3.Connection:
    """A table of the consumer's own, in the database of its inbox."""
    inbox.database.execute("CREATE TABLE names (id TEXT PRIMARY KEY, name TEXT)")
    return inbox.database

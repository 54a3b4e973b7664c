"""The inboxes that need no server. That of Postgres is tried with the service's own tests."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatewright_events.sqlite import SqliteInbox
from gatewright_events.testing import MemoryInbox
from inboxes import NOON, InboxContract, Undone


class TestMemory(InboxContract):
    @pytest.fixture
    def inbox(self) -> MemoryInbox:
        return MemoryInbox()


class TestSqlite(InboxContract):
    @pytest.fixture
    def inbox(self, tmp_path: Path) -> Iterator[SqliteInbox]:
        made = SqliteInbox.open(str(tmp_path / "inbox.sqlite3"))
        yield made
        made.database.close()

    async def test_what_a_handler_writes_is_kept_or_undone_with_the_inbox(self, inbox: SqliteInbox) -> None:
        inbox.database.execute("CREATE TABLE names (id TEXT PRIMARY KEY, name TEXT)")
        with pytest.raises(Undone):  # noqa: PT012 - what was done before is to be undone
            async with inbox.transaction() as open_:
                await open_.remember("a", NOON)
                open_.connection.execute("INSERT INTO names VALUES ('1', 'Ada')")
                raise Undone
        assert inbox.database.execute("SELECT count(*) FROM names").fetchone() == (0,)

    async def test_what_a_release_before_has_seen_is_taken_to_be_seen_now(self, tmp_path: Path) -> None:
        with closing(sqlite3.connect(tmp_path / "old.sqlite3")) as database:
            database.execute("CREATE TABLE inbox_seen (event_id TEXT PRIMARY KEY) WITHOUT ROWID")
            database.execute("INSERT INTO inbox_seen VALUES ('a')")
            database.commit()
        before = datetime.now(UTC) - timedelta(seconds=1)
        for _ in range(2):
            inbox = SqliteInbox.open(str(tmp_path / "old.sqlite3"))
            async with inbox.transaction() as open_:
                assert await open_.prune(before, before) == 0
                assert not await open_.remember("a", NOON)
            inbox.database.close()
        inbox = SqliteInbox.open(str(tmp_path / "old.sqlite3"))
        async with inbox.transaction() as open_:
            soon = datetime.now(UTC) + timedelta(seconds=1)
            assert await open_.prune(soon, soon) == 1
        inbox.database.close()

    async def test_is_the_same_when_it_is_opened_again(self, tmp_path: Path) -> None:
        for new in (True, False):
            inbox = SqliteInbox.open(str(tmp_path / "again.sqlite3"))
            async with inbox.transaction() as open_:
                assert await open_.remember("a", NOON) is new
            inbox.database.close()

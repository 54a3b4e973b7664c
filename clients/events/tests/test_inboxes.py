"""The inboxes that need no server. That of Postgres is tried with the service's own tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewright_events.sqlite import SqliteInbox
from gatewright_events.testing import MemoryInbox
from inboxes import InboxContract, Undone


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
                await open_.remember("a")
                open_.connection.execute("INSERT INTO names VALUES ('1', 'Ada')")
                raise Undone
        assert inbox.database.execute("SELECT count(*) FROM names").fetchone() == (0,)

    async def test_is_the_same_when_it_is_opened_again(self, tmp_path: Path) -> None:
        for new in (True, False):
            inbox = SqliteInbox.open(str(tmp_path / "again.sqlite3"))
            async with inbox.transaction() as open_:
                assert await open_.remember("a") is new
            inbox.database.close()

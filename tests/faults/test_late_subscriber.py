"""A subscriber that comes when everybody is there already, and is killed while it copies them."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import asyncpg
import pytest

from domain.access.models import SUPERUSER
from domain.kernel.ids import PLATFORM, uuid7
from examples.user_service.__main__ import consumer
from examples.user_service.projection import PEOPLE
from gatewright_events.comparing import differences, reload
from gatewright_events.feed import FeedSubscriber
from tests.support.facts import until
from tests.support.http import once
from tests.support.proxies import line
from tests.support.service import PASSWORD, Service, Stack, deployed

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
THERE = 20_000
COLUMNS = ("id", "email", "email_verified", "is_active", "epoch", "created_at", "updated_at", "version")
GRANT = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at, version)
SELECT gen_random_uuid(), $1, 'user', id, $2, now(), 1 FROM users WHERE email = 'root@example.com'
"""


@dataclass
class Copying:
    """The example as a process of its own, which follows the feed of a service.

    Its line goes through this process, and does not flow while this is held up: it cannot be through before it is seen.
    """

    service: Service
    url: str
    token: str
    path: Path
    process: Popen[bytes] | None = None

    def start(self) -> None:
        kept = {name: text for name, text in os.environ.items() if name != "AMQP_URL"}
        named = {"GATEWRIGHT_URL": self.url, "GATEWRIGHT_TOKEN": self.token, "DATABASE": str(self.path)}
        command = [sys.executable, "-m", "examples.user_service"]
        self.process = Popen(command, cwd=ROOT, env=kept | named, stdout=PIPE, stderr=PIPE)

    def end(self, how: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(how)
        self.process.communicate()

    def row(self, statement: str) -> Any:
        """Return the first column of the first row, None if there is no such table yet."""
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)) as database:
            try:
                return (database.execute(statement).fetchone() or [None])[0]
            except sqlite3.OperationalError:
                return None

    @property
    def people(self) -> int:
        return int(self.row("SELECT count(*) FROM users") or 0) if self.path.exists() else 0

    async def has(self, count: int) -> bool:
        return self.people >= count

    async def follows(self) -> bool:
        return self.row("SELECT cursor FROM inbox_place") is not None


@asynccontextmanager
async def populated(stack: Stack, folder: Path) -> AsyncIterator[tuple[Service, str]]:
    """Yield a service that many people use already, and the token of its administrator."""
    async with deployed(stack, folder, WORKERS="1") as service:
        token = await service.person("root@example.com")
        async with service.sql() as connection:
            await connection.execute(GRANT, PLATFORM, SUPERUSER)
            await _fill(connection)
        await asyncio.to_thread(service.hire)
        yield service, token


async def _fill(connection: asyncpg.Connection) -> None:
    now = await connection.fetchval("SELECT now()")
    ids = [uuid7() for _ in range(THERE)]
    rows = [(each, f"{each.hex}@example.com", True, True, 1, now, now, 1) for each in ids]
    # They are as people are who came long ago, and whose events are dropped.
    await connection.execute("ALTER TABLE users DISABLE TRIGGER USER")
    await connection.copy_records_to_table("users", records=rows, columns=COLUMNS)
    await connection.execute("ALTER TABLE users ENABLE TRIGGER USER")


async def _sign_ups(service: Service, stop: asyncio.Event, made: list[str]) -> None:
    async with service.patient() as call:
        while not stop.is_set():
            email = f"{uuid7().hex}@example.com"
            answer = await call("POST", "/auth/signup", {"email": email, "password": PASSWORD}, once())
            assert answer.status == 201, answer
            made.append(email)


async def test_i18_a_copier_that_is_killed_goes_on_and_is_complete_while_people_sign_up(
    stack: Stack, tmp_path: Path
) -> None:
    async with (
        populated(stack, tmp_path) as (service, token),
        line(f"http://127.0.0.1:{service.port.number}") as wire,
    ):
        url, stop, made = wire.url.replace("@", ""), asyncio.Event(), list[str]()
        copying = Copying(service, url, token, tmp_path / "users.sqlite3")
        async with asyncio.TaskGroup() as others:
            others.create_task(_sign_ups(service, stop, made))
            try:
                reached = [0]
                for _ in range(3):
                    copying.start()
                    await until(lambda: copying.has(reached[-1] + 1000), 60)
                    copying.end(signal.SIGKILL)
                    reached.append(copying.people)
                # In the middle, with its place and what was copied up to there.
                assert reached[1] < reached[2] < reached[3] < THERE
                assert copying.row("SELECT place FROM inbox_copying")
                copying.start()
                await until(copying.follows, 60)
            finally:
                stop.set()
        await until(lambda: copying.has(THERE + len(made) + 1), 60)
        copying.end(signal.SIGTERM)
        assert made
        assert copying.row("SELECT count(*) FROM inbox_letters") == 0
        await _compare(copying)


async def _compare(copying: Copying) -> None:
    """Fail unless the copy is the same as what it is a copy of, and that can fail."""
    taking = consumer(str(copying.path))
    feed = FeedSubscriber(taking, f"http://127.0.0.1:{copying.service.port.number}", copying.token, copies=(PEOPLE,))
    assert await differences(feed, PEOPLE) == []
    async with taking.inbox.transaction() as open_:
        open_.connection.execute("DELETE FROM users WHERE user_id = (SELECT min(user_id) FROM users)")
    (found,) = await differences(feed, PEOPLE)
    assert await reload(feed, PEOPLE, first=found.first, last=found.last) == found.count
    assert await differences(feed, PEOPLE) == []
    async with taking.inbox.transaction() as open_:
        assert open_.connection.execute("SELECT email FROM users WHERE email LIKE 'root@%'").fetchone()
    await feed.client.aclose()

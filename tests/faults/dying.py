"""A worker, or somebody who sends commands, that kills itself at a moment of its work.

    python -m tests.faults.dying POINT N POSTGRES RABBITMQ NAME

POINT is one of those below, or `clock`, where N is by how many seconds the clock of a worker is wrong from the start.
The real parts are wrapped, here and nowhere else; the process dies when it passes POINT for the Nth time. Whoever sends
commands says `begun <id>` before each, of a person that it announces, and `done <id>` afterwards.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from core.clock import SystemClock
from core.postgres import sequencer, work
from core.postgres.direct import Connects, session
from core.rabbit import delivery, relay
from core.rabbit.errand import Progress, Row
from core.rabbit.publishing import Line
from domain.identity.events import UserDeactivated
from domain.identity.models import EmailAddress, User
from domain.kernel.ids import UserId, uuid7
from tests.support import worker_process
from tests.support.databases import patient

COMMANDS: Final = ("before-commit", "after-commit")
WORKERS: Final = (
    "before-numbering",
    "amid-numbering",
    "after-numbering",
    "before-publish",
    "after-publish",
    "after-confirm",
    "before-mark",
    "after-mark",
)
PERSON: Final = (
    "INSERT INTO users SELECT id, id::text, true, NULL, NULL, true, 1, now(), now(), 0 FROM (SELECT $1::uuid AS id) p"
)
WAITS: Final = "SELECT EXISTS (SELECT FROM outbox)"


@dataclass
class Fate:
    """Dies at a point, the Nth time."""

    point: str
    left: int

    def passes(self, point: str) -> None:
        """Die here, if it is time."""
        if point == self.point:
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Watched:
    """A connection whose owner may die around a statement."""

    connection: Any
    fate: Fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    async def fetchval(self, statement: str, *values: Any) -> Any:
        """Number, if that is what it is."""
        if statement != sequencer.NUMBER:
            return await self.connection.fetchval(statement, *values)
        if await self.connection.fetchval(WAITS):
            self.fate.passes("before-numbering")
        asked = asyncio.ensure_future(self.connection.fetchval(statement, *values))
        await asyncio.sleep(0)  # it is sent now, and not answered
        self.fate.passes("amid-numbering")
        if numbered := await asked:
            self.fate.passes("after-numbering")
        return numbered

    async def execute(self, statement: str, *values: Any) -> Any:
        """Mark what was confirmed, if that is what it is."""
        if statement != delivery.ADVANCE:
            return await self.connection.execute(statement, *values)
        self.fate.passes("before-mark")
        done = await self.connection.execute(statement, *values)
        self.fate.passes("after-mark")
        return done


def wrap(fate: Fate) -> None:
    """Put `fate` around the real parts."""

    @asynccontextmanager
    async def watched(database: Connects, name: str, patience: float | None = None) -> AsyncIterator[Any]:
        async with session(database, name, patience) as connection:
            yield Watched(connection, fate)

    send, confirm, commit = Line.send, Progress.confirm, work._commit

    async def sends(line: Line, notes: Any) -> None:
        fate.passes("before-publish")
        await send(line, notes)
        fate.passes("after-publish")

    def confirms(progress: Progress, row: Row) -> None:
        fate.passes("after-confirm")
        confirm(progress, row)

    def commits(connection: Connection, session: Session) -> None:
        fate.passes("before-commit")
        commit(connection, session)
        fate.passes("after-commit")

    replaced: dict[str, tuple[Any, Callable[..., Any]]] = {"send": (Line, sends), "confirm": (Progress, confirms)}
    for name, (owner, ours) in replaced.items():
        setattr(owner, name, ours)
    for module in (sequencer, relay):
        module.session = watched  # type: ignore[attr-defined]
    work._commit = commits


def say(line: str) -> None:
    """Say something at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def command(url: str) -> None:
    """Send commands until it dies."""
    database, clock = patient(url), SystemClock()
    await database.open()
    while True:
        person, now = UserId(uuid7()), clock.now()
        say(f"begun {person}")
        user = User(id=person, email=EmailAddress("ada@example.com"), created_at=now, updated_at=now)
        made = work.SqlWork(database, clock, b"a key for the audit trail", lambda _: None)
        # As a command does: first its rows, then what is said of them, then the commit.
        writes = await (await made.begin()).connection()
        await writes.exec_driver_sql(PERSON, (person,))
        made.emit(UserDeactivated(user_id=person, occurred_at=now), of=user)
        await made.commit()
        say(f"done {person}")


if __name__ == "__main__":
    where, times, postgres, rabbit, exchange = sys.argv[1:]
    if where == "clock":
        right, wrong = time.time, int(times)
        time.time = lambda: right() + wrong
    else:
        wrap(Fate(where, int(times)))
    asyncio.run(command(postgres) if where in COMMANDS else worker_process.main(postgres, rabbit, exchange))

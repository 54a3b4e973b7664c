"""What an event and an audit entry cost the command that has them."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import uvloop
from sqlalchemy import text

from benchmarks.ground import Ground
from benchmarks.rates import in_turn
from benchmarks.table import Row, Spread, ratio_row
from core.clock import SystemClock
from core.personal import PersonalKeys
from core.postgres.flush import Pending
from core.postgres.work import SqlWork
from domain.identity.commands.update_me import UpdateMe
from domain.identity.events import UserUpdated
from domain.identity.models import EmailAddress, User
from domain.kernel.ids import UserId, uuid7
from domain.kernel.usecases import use_case

KEYS: Final = PersonalKeys((b"a key for people, of 32 bytes !!",))
ROUNDS: Final = 5
SECONDS: Final = 1.5
AT_ONCE: Final = 16
EMAIL: Final = "ada@example.com"
RENAME: Final = text("UPDATE users SET full_name = :name, version = version + 1 WHERE id = :id")
BARE: Final = "UPDATE users SET full_name = $2, version = version + 1 WHERE id = $1"
PEOPLE: Final = """
INSERT INTO users (id, email, email_verified, is_active, epoch, created_at, updated_at, version)
SELECT id, id || '@example.com', true, true, 0, now(), now(), 1 FROM unnest($1::uuid[]) AS id
"""


def run(ground: Ground) -> Iterable[Row]:
    """Compare commands that say what they did with those that do not."""
    told, silent, bare = uvloop.run(_measure(ground))
    yield ratio_row("command", f"event and audit entry, {AT_ONCE} at once", told, silent, "the same without", 0.55)
    yield ratio_row("command", "the same without", silent, bare, "bare UPDATE of asyncpg", None)


async def _measure(ground: Ground) -> list[Spread]:
    async with ground.database() as database:
        clock, pool, case = SystemClock(), database.pool, use_case(UpdateMe)
        people = [uuid7() for _ in range(AT_ONCE)]
        await pool.execute(PEOPLE, people)

        async def command(person: UUID, *, telling: bool) -> None:
            work = SqlWork(database, clock, b"a key for the audit trail", _nobody, people=KEYS)
            session = await work.begin()
            await session.execute(RENAME, {"id": person, "name": "Ada"})
            if telling:
                now = clock.now()
                user = User(id=UserId(person), email=EmailAddress(EMAIL), created_at=now, updated_at=now, version=1)
                work.emit(
                    UserUpdated(
                        user_id=person,
                        email=EMAIL,
                        email_verified=True,
                        username=None,
                        full_name="Ada",
                        occurred_at=now,
                    ),
                    of=user,
                )
                work.record(case, UpdateMe(full_name="Ada", expected_version=None), None, "done")
            await work.commit()

        async def told(number: int) -> None:
            await command(people[number], telling=True)

        async def silent(number: int) -> None:
            await command(people[number], telling=False)

        async def bare(number: int) -> None:
            await pool.execute(BARE, people[number], "Ada")

        return await in_turn((told, silent, bare), at_once=AT_ONCE, seconds=SECONDS, rounds=ROUNDS)


def _nobody(_: Pending) -> None:
    """Tell nobody: the sequencer's price is another figure."""

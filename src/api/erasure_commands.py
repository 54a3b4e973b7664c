"""What `gatewright erasures` does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar
from uuid import UUID

import asyncpg
import click

from api.starting import Hopeless, ready_database
from core.keys import Keys
from core.postgres.database import Database
from core.postgres.direct import session
from core.postgres.scrubbing import TABLES
from core.postgres.scrubbing import scrub as scrubbed
from core.reapplying import Reapplying
from core.settings import Settings
from domain.identity.erasures.policies import ErasurePolicy
from domain.sessions.models import Lifetimes

R = TypeVar("R")


def show(settings: Settings) -> None:
    """Print who was erased, the first first."""

    async def read(database: Database) -> list[UUID]:
        async with session(database, "gatewright-erasures") as connection:
            rows = await connection.fetch("SELECT person_id FROM erasures ORDER BY erased_at, person_id", timeout=60)
        return [row["person_id"] for row in rows]

    for person in _run(settings, read):
        click.echo(person)


def reapply(settings: Settings, lines: Iterable[str]) -> None:
    """Erase everybody again who is named, and tell how many there were; raise `Hopeless` for what is no id."""
    try:
        people = [UUID(line.strip()) for line in lines if line.strip()]
    except ValueError as error:
        raise Hopeless("an id of a person is expected in each line") from error
    keys = Keys.read(settings)
    policy = ErasurePolicy(settings.erasure_subscribers, settings.erasure_life)
    lifetimes = Lifetimes(settings.access_life, settings.session_life, settings.session_idle)

    async def erase(database: Database) -> int:
        again = Reapplying(database, keys, policy, lifetimes)
        return sum([await again(person) for person in people])

    click.echo(f"{_run(settings, erase)} of {len(people)} were there again, and are erased")


def scrub(settings: Settings) -> None:
    """Rewrite what had rows about people; raise `Hopeless` if that is not allowed."""

    async def rewrite(database: Database) -> None:
        async with session(database, "gatewright-scrub") as connection:
            await scrubbed(connection)

    try:
        _run(settings, rewrite)
    except asyncpg.InsufficientPrivilegeError as error:
        raise Hopeless(f"the role that migrates may not do this: {error}") from error
    click.echo(f"{len(TABLES)} tables were written anew, and the WAL was left behind")


def _run(settings: Settings, work: Callable[[Database], Awaitable[R]]) -> R:
    url = ready_database(settings)

    async def run() -> R:
        database = Database(url, size=1)
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())

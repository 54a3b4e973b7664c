"""Signing keys on Postgres, as several processes see them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from core.clock import SystemClock
from core.key_forge import SealingForge
from core.keys import Keys
from core.operating import CALL, operator
from core.postgres.database import Database
from core.postgres.signing_keys import SqlKeyLists, SqlRing, SqlSigningKeys
from core.postgres.work import SqlWork
from core.secrets import Secrets
from domain.kernel.usecases import Message
from domain.keys.policies import KeyPolicy
from domain.keys.ports import KeyLists
from domain.keys.repositories import SigningKeys
from tests.support.databases import patient

R = TypeVar("R")

SECRET = b"wQ7rDmV2kY9sXbT4nGfJ6hLzPc8eRuAa"
STATES = "SELECT state, count(*) FROM signing_keys GROUP BY 1 ORDER BY 1"
PASS = """
UPDATE signing_keys SET published_at = published_at - $1::interval, activated_at = activated_at - $1::interval,
    retired_at = retired_at - $1::interval, expires_at = expires_at - $1::interval
"""


@dataclass
class Process:
    """A process with connections of its own."""

    database: Database
    keys: Keys

    @property
    def lists(self) -> KeyLists:
        return SqlKeyLists(self.database, self.keys.policy)

    @property
    def ring(self) -> SqlRing:
        return SqlRing(self.database)

    async def send(self, message: Message[R]) -> R:
        """Send `message` as the worker does."""
        forge = SealingForge(self.keys.safe)
        return (await operator(self.database, self.keys, forge, "worker")(message, CALL)).result

    def configured(self, secrets: Secrets | None = None, **policy: Any) -> "Process":
        """Return the process as it is after a restart with other settings."""
        keys = replace(self.keys, policy=replace(self.keys.policy, **policy))
        return Process(self.database, replace(keys, secrets=secrets or self.keys.secrets))

    async def states(self) -> dict[str, int]:
        """Count the keys by how far they have come."""
        async with self.database.read() as connection:
            return dict(await connection.fetch(STATES))

    async def sql(self, statement: str, *values: Any) -> None:
        async with self.database.read() as connection:
            await connection.execute(statement, *values)

    @asynccontextmanager
    async def command(self) -> AsyncIterator[SigningKeys]:
        work = SqlWork(self.database, SystemClock(), b"audit key", lambda _: None)
        try:
            yield SqlSigningKeys(work)
            await work.commit()
        finally:
            await work.rollback()


@asynccontextmanager
async def process(url: str) -> AsyncIterator[Process]:
    database = patient(url, 4)
    await database.open()
    yield Process(database, Keys(Secrets(SECRET), None, KeyPolicy()))
    await database.close()

"""Erasures in Postgres keep what erasures promise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from core.clock import SystemClock
from core.personal import PersonalKeys
from core.postgres.database import Database
from core.postgres.erasures import SqlErasureLists, SqlErasures
from core.postgres.people import SqlUsers
from core.postgres.work import SqlWork
from core.secrets import Secrets, seal
from tests.contracts.erasures import ErasurePorts, ErasuresContract

SECRETS = Secrets(b"a master secret for erasures, long")


@dataclass(frozen=True)
class SqlErasureGround:
    database: Database

    @property
    def lists(self) -> SqlErasureLists:
        return SqlErasureLists(self.database)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ErasurePorts]:
        keys = PersonalKeys.of(SECRETS)
        work = SqlWork(self.database, SystemClock(), b"audit key", lambda _: None, people=keys)
        try:
            yield ErasurePorts(work, SqlUsers(work), SqlErasures(work, keys, seal(SECRETS)))
            await work.commit()
        finally:
            await work.rollback()


class TestSqlErasures(ErasuresContract):
    @pytest.fixture
    async def erasures(self, database: Database) -> SqlErasureGround:
        async with database.read() as connection:
            await connection.execute("TRUNCATE erasures CASCADE")
        return SqlErasureGround(database)

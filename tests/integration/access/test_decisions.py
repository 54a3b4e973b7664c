"""Decisions of the engine over Postgres keep the promises of the port."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from core.access.decisions import EngineDecisions
from core.access.engine import AccessEngine
from core.postgres.access_lists import SqlAccessLists
from core.postgres.access_parts import SqlParts
from domain.access.ports import Decisions
from domain.kernel.consistency import ConsistencyToken
from tests.contracts.decisions import Change, DecisionsContract
from tests.support.access import rows
from tests.support.databases import patient


@dataclass
class SqlGround:
    decisions: Decisions
    writer: Any
    seeded: frozenset[UUID]
    """System roles that are there in any case."""

    async def change(self, change: Change) -> ConsistencyToken:
        async with self.writer.transaction():
            before = await rows.read(self.writer)
            before.roles = [each for each in before.roles if each.id not in self.seeded]
            after = before.copy()
            change(after)
            await rows.write(self.writer, before, after)
            return await rows.token(self.writer)


@pytest.fixture
async def ground(fresh_database_url: str) -> AsyncIterator[SqlGround]:
    database = patient(fresh_database_url, 4)
    await database.open()
    writer = await database.connect()
    await rows.furnish(writer)
    seeded = frozenset(each.id for each in (await rows.read(writer)).roles)
    yield SqlGround(EngineDecisions(AccessEngine(SqlParts(database)), SqlAccessLists(database)), writer, seeded)
    await writer.close()
    await database.close()


class TestSqlDecisions(DecisionsContract):
    pass

"""Resources on Postgres, as the suites use them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.clock import SystemClock
from core.postgres.conditions import Condition
from core.postgres.database import Database
from core.postgres.resource_lists import SqlResourceReader
from core.postgres.resources import SqlBelonging, SqlResources
from core.postgres.sight import Seen, Sight
from core.postgres.work import SqlWork
from domain.kernel.access import Actor
from domain.kernel.ids import OrganizationId, UserId, uuid7
from tests.contracts.resources import Ports


class Unhindered(Sight):
    """Sees everything."""

    async def of(self, actor: Actor, organization_id: OrganizationId) -> Seen:
        return Seen(Condition("true"), Condition("true"))


@dataclass
class SqlGround:
    database: Database
    organization_id: OrganizationId = field(default_factory=lambda: OrganizationId(uuid7()))
    other_id: OrganizationId = field(default_factory=lambda: OrganizationId(uuid7()))

    @property
    def reader(self) -> SqlResourceReader:
        return SqlResourceReader(self.database, Unhindered())

    async def found(self) -> None:
        """Make both organizations."""
        for each in (self.organization_id, self.other_id):
            await self.run("INSERT INTO organizations VALUES ($1::uuid, 'Test', $1::uuid::text, now(), now(), 1)", each)

    def work(self) -> SqlWork:
        return SqlWork(self.database, SystemClock(), b"audit key", lambda _: None)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        work = self.work()
        try:
            yield Ports(SqlResources(work), SqlBelonging(work))
            await work.commit()
        finally:
            await work.rollback()

    async def member(self, organization_id: OrganizationId) -> UserId:
        user_id = UserId(uuid7())
        await self.run(
            "INSERT INTO users VALUES ($1::uuid, $1::uuid::text, true, NULL, NULL, true, 1, now(), now(), 1)",
            user_id,
        )
        await self.run("INSERT INTO memberships VALUES (gen_random_uuid(), $1, $2, now(), 1)", organization_id, user_id)
        return user_id

    async def team(self, organization_id: OrganizationId) -> UUID:
        team_id = uuid7()
        await self.run(
            "INSERT INTO teams VALUES ($1::uuid, $2, NULL, ARRAY[$1::uuid], $1::uuid::text, now(), now(), 1)",
            team_id,
            organization_id,
        )
        return team_id

    async def account(self, organization_id: OrganizationId) -> UUID:
        account_id = uuid7()
        await self.run(
            "INSERT INTO service_accounts VALUES ($1::uuid, $2, $1::uuid::text, '', true, now(), now(), 1)",
            account_id,
            organization_id,
        )
        return account_id

    async def leave(self, organization_id: OrganizationId, user_id: UserId) -> None:
        await self.run("DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2", organization_id, user_id)

    async def run(self, statement: str, *values: Any) -> None:
        async with self.database.read() as connection:
            await connection.execute(statement, *values)

    async def rows(self, query: str, *values: Any) -> list[Any]:
        async with self.database.read() as connection:
            return list(await connection.fetch(query, *values))

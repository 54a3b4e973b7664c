"""Roles and grants on Postgres, as the suites use them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.access.engine import AccessEngine
from core.access.gate import EngineGate
from core.access.sight import EngineSight
from core.postgres.access_parts import SqlParts
from core.postgres.database import Database
from core.postgres.grant_lists import SqlGrantLists, SqlRoleLists
from core.postgres.grants import SqlGrants
from core.postgres.places import SqlGrantees, SqlHiding, SqlPlaces
from core.postgres.resource_lists import SqlResourceReader
from core.postgres.roles import SqlRoles
from core.postgres.service_accounts import SqlServiceAccountLists, SqlServiceAccounts
from core.postgres.work import SqlWork
from domain.access.facade import Subject
from domain.access.granting import Granting
from domain.access.holding import Holding
from domain.kernel.ids import PLATFORM, OrganizationId, ResourceId, TeamId, UserId, uuid7
from tests.contracts.access import Ports
from tests.support.memory.ports import MovableClock

EMPTY = """
TRUNCATE users, grants, outbox, audit_pending, jobs, access_changes, memberships, teams, team_members, resources,
    visibility_groups CASCADE;
DELETE FROM roles WHERE organization_id IS NOT NULL;
"""


@dataclass(frozen=True)
class SqlGround:
    database: Database
    clock: MovableClock = field(default_factory=MovableClock)

    @property
    def role_lists(self) -> SqlRoleLists:
        return SqlRoleLists(self.database)

    @property
    def grant_lists(self) -> SqlGrantLists:
        return SqlGrantLists(self.database)

    @property
    def resource_lists(self) -> SqlResourceReader:
        return SqlResourceReader(self.database, EngineSight(self._engine))

    @property
    def gate(self) -> EngineGate:
        return EngineGate(self._engine)

    @property
    def _engine(self) -> AccessEngine:
        return AccessEngine(SqlParts(self.database))

    @property
    def account_lists(self) -> SqlServiceAccountLists:
        return SqlServiceAccountLists(self.database)

    def now(self) -> datetime:
        return datetime.now(UTC)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        work = SqlWork(self.database, self.clock, b"audit key", lambda _: None)
        roles, grants, places = SqlRoles(work), SqlGrants(work), SqlPlaces(work)
        granting = Granting(roles, grants, work, self.clock)
        holding = Holding(roles, grants, places, self.clock)
        accounts = SqlServiceAccounts(work)
        try:
            yield Ports(work, roles, grants, SqlGrantees(work), places, SqlHiding(work), granting, holding, accounts)
            await work.commit()
        finally:
            await work.rollback()

    async def person(self) -> UserId:
        made = UserId(uuid7())
        await self.run(
            "INSERT INTO users VALUES ($1, $2, true, NULL, NULL, true, 1, now(), now(), 1)", made, f"{made}@example.com"
        )
        return made

    async def deactivate(self, user_id: UserId) -> None:
        await self.run("UPDATE users SET is_active = false WHERE id = $1", user_id)

    async def organization(self) -> OrganizationId:
        made = OrganizationId(uuid7())
        await self.run("INSERT INTO organizations VALUES ($1, 'Test', $2, now(), now(), 1)", made, str(made))
        return made

    async def member(self, organization_id: OrganizationId, user_id: UserId) -> None:
        await self.run(
            "INSERT INTO memberships VALUES (gen_random_uuid(), $1, $2, now(), 1) ON CONFLICT DO NOTHING",
            organization_id,
            user_id,
        )

    async def team(
        self, organization_id: OrganizationId, *members: UserId, within: tuple[TeamId, ...] = ()
    ) -> tuple[TeamId, ...]:
        made = TeamId(uuid7())
        path = (made, *within)
        await self.run(
            "INSERT INTO teams VALUES ($1, $2, $3, $4::uuid[], $5, now(), now(), 1)",
            made,
            organization_id,
            within[0] if within else None,
            path,
            str(made),
        )
        for each in members:
            await self.run("INSERT INTO team_members VALUES ($1, $2, $3, 'member', now())", made, organization_id, each)
        return path

    async def resource(
        self, organization_id: OrganizationId, name: str, within: tuple[ResourceId, ...] = (), **more: Any
    ) -> tuple[ResourceId, ...]:
        made = ResourceId(uuid7())
        path = (made, *within)
        await self.run(
            "INSERT INTO resources (id, organization_id, type, external_id, owner_id, parent_id, path, wall_id,"
            " created_at, updated_at, version) VALUES ($1, $2, 'document', $3, $4, $5, $6::uuid[], $7, now(), now(), 1)",
            made,
            organization_id,
            name,
            more.get("owner_id"),
            within[0] if within else None,
            path,
            more.get("wall_id"),
        )
        return path

    async def group(
        self,
        organization_id: OrganizationId,
        contents: Sequence[ResourceId],
        members: Sequence[Subject],
        people: Sequence[UserId] = (),
    ) -> None:
        group_id = uuid7()
        await self.run(
            "INSERT INTO visibility_groups VALUES ($1, $2, $3, now(), now(), 1)",
            group_id,
            organization_id,
            str(group_id),
        )
        for each in contents:
            await self.run("INSERT INTO visibility_contents VALUES ($1, $2, $3)", group_id, organization_id, each)
            await self.run("UPDATE resources SET wall_id = $1 WHERE id = $1", each)
        for person in people:
            added = "INSERT INTO visibility_contents (group_id, organization_id, user_id) VALUES ($1, $2, $3)"
            await self.run(added, group_id, organization_id, person)
        for subject in members:
            column = f"{subject.type}_id"
            await self.run(
                f"INSERT INTO visibility_members (group_id, organization_id, {column}) VALUES ($1, $2, $3)",
                group_id,
                organization_id,
                subject.id,
            )

    async def run(self, statement: str, *values: object) -> None:
        """Run one statement, and commit it."""
        async with self.database.read() as connection:
            await connection.execute(statement, *values)

    async def value(self, query: str, *values: object) -> Any:
        """Ask for one value."""
        async with self.database.read() as connection:
            return await connection.fetchval(query, *values)

    async def empty(self) -> None:
        """Leave system roles and the platform only."""
        await self.run(EMPTY)
        await self.run("DELETE FROM organizations WHERE id <> $1", PLATFORM)

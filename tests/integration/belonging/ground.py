"""Teams and visibility groups on Postgres, as the suites use them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from core.clock import SystemClock
from core.postgres.database import Database
from core.postgres.team_lists import SqlTeamLists
from core.postgres.teams import SqlInheritance, SqlTeamMembers, SqlTeams
from core.postgres.viewers import SqlViewers
from core.postgres.visibility import SqlContents, SqlVisibilityGroups, hold_resources
from core.postgres.visibility_lists import SqlVisibilityLists
from core.postgres.work import SqlWork
from domain.access.facade import Place
from domain.kernel.ids import GrantId, OrganizationId, ResourceId, RoleId, TeamId, UserId, uuid7
from tests.contracts.belonging import Ports

PERSON = """
INSERT INTO users (id, email, email_verified, is_active, epoch, created_at, updated_at, version)
VALUES ($1, $2, true, true, 1, now(), now(), 1)
"""
MEMBER = "INSERT INTO memberships VALUES ($1, $2, $3, now(), 1)"
ROLE = (
    "INSERT INTO roles (id, organization_id, name, permissions) VALUES ($1, $2, $3, '{x:read}') ON CONFLICT DO NOTHING"
)
GRANT = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, resource_id, below, effect, expires_at, created_at)
VALUES ($1, $2, 'team', $3, $4, $5, $6, $7, now() + $8::interval, now())
"""
# As whoever registers resources does: what is new stands behind the wall of what it lies in.
RESOURCE = text("""
INSERT INTO resources (id, organization_id, type, external_id, owner_id, parent_id, path, wall_id, created_at, updated_at, version)
SELECT CAST(:id AS uuid), CAST(:organization_id AS uuid), 'folder', CAST(:external_id AS text), CAST(:owner_id AS uuid), above.id,
       CAST(:id AS uuid) || coalesce(above.path, '{}'), above.wall_id, now(), now(), 1
FROM (SELECT) one LEFT JOIN resources above ON above.id = :parent_id
""")


@dataclass(frozen=True)
class SqlGround:
    database: Database

    @property
    def teams(self) -> SqlTeamLists:
        return SqlTeamLists(self.database)

    @property
    def visibility(self) -> SqlVisibilityLists:
        return SqlVisibilityLists(self.database)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[SqlWork]:
        """Yield a transaction; commit it unless something is raised."""
        work = SqlWork(self.database, SystemClock(), b"audit key", lambda _: None)
        try:
            yield work
            await work.commit()
        finally:
            await work.rollback()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        async with self.work() as work:
            yield ports(work)

    async def organization(self) -> OrganizationId:
        made = OrganizationId(uuid7())
        await self.run("INSERT INTO organizations VALUES ($1, 'Test', $2, now(), now(), 1)", made, str(made))
        return made

    async def member(self, *organization_ids: OrganizationId) -> UserId:
        made = UserId(uuid7())
        await self.run(PERSON, made, f"{made}@example.com")
        for organization_id in organization_ids:
            await self.run(MEMBER, uuid7(), organization_id, made)
        return made

    async def granted(
        self, place: Place, team_id: TeamId, role_id: RoleId | None = None, *, effect: str = "allow", days: int = 0
    ) -> RoleId:
        role = role_id or RoleId(uuid7())
        await self.run(ROLE, role, place.organization_id, str(role))
        lasts = timedelta(days=days) if days else None
        row = (GrantId(uuid7()), place.organization_id, team_id, role, place.resource_id, place.below, effect, lasts)
        await self.run(GRANT, *row)
        return role

    async def resource(
        self, organization_id: OrganizationId, parent_id: ResourceId | None = None, owner_id: UserId | None = None
    ) -> ResourceId:
        made = ResourceId(uuid7())
        async with self.work() as work:
            await register(work, organization_id, made, parent_id, owner_id)
        return made

    async def wall(self, resource_id: ResourceId) -> ResourceId | None:
        found: ResourceId | None = await self.value("SELECT wall_id FROM resources WHERE id = $1", resource_id)
        return found

    async def run(self, statement: str, *values: Any) -> None:
        """Run one statement by itself."""
        async with self.database.read() as connection:
            await connection.execute(statement, *values)

    async def value(self, query: str, *values: Any) -> Any:
        """Ask for one value."""
        async with self.database.read() as connection:
            return await connection.fetchval(query, *values)


def ports(work: SqlWork) -> Ports:
    """Return what takes part in a transaction."""
    return Ports(
        SqlTeams(work),
        SqlTeamMembers(work),
        SqlInheritance(work),
        SqlVisibilityGroups(work),
        SqlViewers(work),
        SqlContents(work),
    )


async def register(
    work: SqlWork,
    organization_id: OrganizationId,
    resource_id: ResourceId,
    parent_id: ResourceId | None,
    owner_id: UserId | None = None,
) -> None:
    """Put a new resource below another."""
    session = await work.begin()
    await hold_resources(session, organization_id, alone=False)
    row = {"id": resource_id, "organization_id": organization_id, "external_id": str(resource_id)}
    await session.execute(RESOURCE, row | {"owner_id": owner_id, "parent_id": parent_id})

"""Organizations on Postgres, as the suites use them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.clock import SystemClock
from core.postgres.database import Database
from core.postgres.organizations import SqlInvitations, SqlMemberships, SqlOrganizations
from core.postgres.organizations_reading import SqlInvitationReader, SqlMemberReader, SqlOrganizationReader
from core.postgres.people import SqlUsers
from core.postgres.work import SqlWork
from domain.kernel.ids import OrganizationId, UserId, uuid7
from tests.contracts.organizations import Ports

EMPTY = """
DELETE FROM organizations WHERE slug <> 'platform';
DELETE FROM users;
TRUNCATE grants, outbox, audit_pending, jobs, access_changes;
"""
GROUP = "INSERT INTO visibility_groups VALUES ($1, $2, 'secret', now(), now(), 1)"
CONTENT = "INSERT INTO visibility_contents (group_id, organization_id, user_id) VALUES ($1, $2, $3)"
VIEWER = "INSERT INTO visibility_members (group_id, organization_id, user_id) VALUES ($1, $2, $3)"


@dataclass(frozen=True)
class SqlGround:
    database: Database

    @property
    def organizations(self) -> SqlOrganizationReader:
        return SqlOrganizationReader(self.database)

    @property
    def members(self) -> SqlMemberReader:
        return SqlMemberReader(self.database)

    @property
    def invited(self) -> SqlInvitationReader:
        return SqlInvitationReader(self.database)

    @property
    def invitations(self) -> SqlInvitationReader:
        return SqlInvitationReader(self.database)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        work = SqlWork(self.database, SystemClock(), b"audit key", lambda _: None)
        try:
            yield Ports(work, SqlUsers(work), SqlOrganizations(work), SqlMemberships(work), SqlInvitations(work))
            await work.commit()
        finally:
            await work.rollback()

    async def hide(self, organization_id: OrganizationId, user_id: UserId, *viewers: UserId) -> None:
        group_id = uuid7()
        async with self.database.read() as connection:
            await connection.execute(GROUP, group_id, organization_id)
            await connection.execute(CONTENT, group_id, organization_id, user_id)
            await connection.executemany(VIEWER, [(group_id, organization_id, each) for each in viewers])

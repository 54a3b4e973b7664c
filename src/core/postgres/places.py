"""What grants are about, in Postgres: subjects and resources, as commands see them, and what is hidden of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from core.postgres.teams import GROUPS
from core.postgres.work import SqlWork
from domain.access.facade import Subject
from domain.access.repositories import Grantees, Hiding, Places
from domain.kernel.ids import PLATFORM, OrganizationId, ResourceId, TeamId, UserId

# Locked as by a foreign key: whoever removes them waits, and then finds the grant that was made.
_USER = text("SELECT id FROM users WHERE id = :id FOR KEY SHARE")
_MEMBER = text("""
SELECT id FROM memberships WHERE user_id = :id AND organization_id = :organization_id FOR KEY SHARE
""")
_TEAM = text("SELECT id FROM teams WHERE id = :id AND organization_id = :organization_id FOR KEY SHARE")
_SERVICE_ACCOUNT = text("""
SELECT id FROM service_accounts WHERE id = :id AND organization_id = :organization_id FOR KEY SHARE
""")
_TEAMS = text("""
SELECT unnest(t.path) AS id FROM team_members m JOIN teams t ON t.id = m.team_id
WHERE m.user_id = :user_id AND m.organization_id = :organization_id
""")
_FIND = text("""
SELECT id FROM resources WHERE organization_id = :organization_id AND type = :type AND external_id = :external_id
FOR KEY SHARE
""")
_PATHS = text("""
SELECT id, path FROM resources WHERE organization_id = :organization_id AND id = ANY (CAST(:ids AS uuid[]))
""")
_HIDDEN = text(f"""
SELECT r.id FROM resources r
WHERE r.id = ANY (CAST(:resource_ids AS uuid[])) AND r.wall_id IS NOT NULL AND r.owner_id IS DISTINCT FROM :user_id
  AND NOT EXISTS (
    SELECT FROM visibility_contents c WHERE c.resource_id = r.wall_id AND c.group_id IN ({GROUPS})
  )
""")  # noqa: S608 - made of constants
_HIDDEN_PEOPLE = text(f"""
SELECT DISTINCT h.user_id FROM visibility_contents h
WHERE h.organization_id = :organization_id AND h.user_id = ANY (CAST(:user_ids AS uuid[])) AND h.user_id <> :user_id
  AND NOT EXISTS (
    SELECT FROM visibility_contents c
    WHERE c.user_id = h.user_id AND c.organization_id = h.organization_id AND c.group_id IN ({GROUPS})
  )
""")  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class SqlGrantees(Grantees):
    """Members, teams and service accounts, in the transaction of the command."""

    work: SqlWork

    async def includes(self, organization_id: OrganizationId, subject: Subject) -> bool:
        """See `Grantees.includes`."""
        match subject.type:
            case "user":
                statement = _USER if organization_id == PLATFORM else _MEMBER
            case "team":
                statement = _TEAM
            case "service_account":
                statement = _SERVICE_ACCOUNT
            case _:
                return False
        values = {"id": subject.id, "organization_id": organization_id}
        if statement is _USER:
            del values["organization_id"]
        session = await self.work.begin()
        return (await session.execute(statement, values)).first() is not None

    async def teams(self, organization_id: OrganizationId, user_id: UserId) -> Collection[TeamId]:
        """See `Grantees.teams`."""
        session = await self.work.begin()
        values = {"organization_id": organization_id, "user_id": user_id}
        return {row.id for row in await session.execute(_TEAMS, values)}


@dataclass(frozen=True, slots=True)
class SqlPlaces(Places):
    """Resources, in the transaction of the command."""

    work: SqlWork

    async def find(self, organization_id: OrganizationId, type: str, external_id: str) -> ResourceId | None:  # noqa: A002 - as in `Places`
        """See `Places.find`."""
        session = await self.work.begin()
        values = {"organization_id": organization_id, "type": type, "external_id": external_id}
        found: ResourceId | None = await session.scalar(_FIND, values)
        return found

    async def paths(
        self, organization_id: OrganizationId, resource_ids: Collection[ResourceId]
    ) -> Mapping[ResourceId, Sequence[ResourceId]]:
        """See `Places.paths`."""
        if not resource_ids:
            return {}
        session = await self.work.begin()
        rows = await session.execute(_PATHS, {"organization_id": organization_id, "ids": list(resource_ids)})
        return {row.id: row.path for row in rows}


@dataclass(frozen=True, slots=True)
class SqlHiding(Hiding):
    """Walls, in the transaction of the command."""

    work: SqlWork

    async def resources(self, resource_ids: Collection[ResourceId], user_id: UserId) -> Collection[ResourceId]:
        """See `Hiding.resources`."""
        session = await self.work.begin()
        return {*await session.scalars(_HIDDEN, {"resource_ids": list(resource_ids), "user_id": user_id})}

    async def people(
        self, organization_id: OrganizationId, user_ids: Collection[UserId], user_id: UserId
    ) -> Collection[UserId]:
        """See `Hiding.people`."""
        session = await self.work.begin()
        values = {"organization_id": organization_id, "user_ids": list(user_ids), "user_id": user_id}
        return {*await session.scalars(_HIDDEN_PEOPLE, values)}

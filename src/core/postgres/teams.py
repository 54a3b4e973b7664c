"""Teams in Postgres.

Locks, in this order: the organization's tree of teams, by whoever changes its shape; a team; the one that it is put in;
its members. Whoever changes only who is in a team locks that team and the member alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, TypeDecorator, Uuid, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from core.postgres.base import mapping, refusing, versioned
from core.postgres.walls import groups_of
from core.postgres.work import SqlWork
from domain.access.facade import Place
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, TeamId, UserId
from domain.teams.errors import (
    AlreadyInTeam,
    NotAMember,
    TeamHasTeams,
    TeamMemberNotFound,
    TeamNameTaken,
    TeamTooDeep,
)
from domain.teams.models import Team, TeamMember
from domain.teams.ports import Inheritance, TeamGrant
from domain.teams.repositories import TeamMembers, Teams
from domain.teams.schemas import TeamRole


class _Role(TypeDecorator[TeamRole]):
    """A role in a team, as text."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: str | None, _: object) -> TeamRole | None:
        """Read what is stored."""
        return None if value is None else TeamRole(value)


teams = Table(
    "teams",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("parent_id", Uuid),
    Column("path", ARRAY(Uuid), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
)
mapping.map_imperatively(Team, teams, **versioned(teams))

team_members = Table(
    "team_members",
    mapping.metadata,
    Column("team_id", Uuid, primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("user_id", Uuid, primary_key=True),
    Column("role", _Role, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
mapping.map_imperatively(TeamMember, team_members)

KEPT: Final = {
    "fk_teams_organization_id": OrganizationNotFound,
    "uq_teams_name": TeamNameTaken,
    "ck_teams_path": TeamTooDeep,
}
ADDED: Final = {"fk_team_members_user_id": NotAMember, "pk_team_members": AlreadyInTeam}

# Two moves at once could make a circle of two that are none by themselves, and what is made below a team that is
# being moved could keep the old path: there is no row whose lock says "this tree".
_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended('gatewright-teams ' || CAST(:organization_id AS text), 0))")
_FOLLOW = text("""
UPDATE teams SET path = path[1:array_position(path, CAST(:id AS uuid)) - 1] || CAST(:path AS uuid[])
WHERE organization_id = :organization_id AND path @> ARRAY[CAST(:id AS uuid)] AND id <> :id
""")
_GRANTS = text("""
SELECT role_id, resource_id, below, effect = 'deny' AS denies FROM grants
WHERE subject_type = 'team' AND subject_id = ANY (CAST(:team_ids AS uuid[])) AND organization_id = :organization_id
  AND (expires_at IS NULL OR expires_at > now())
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
""")
GROUPS: Final = groups_of(":user_id")
"""The visibility groups that the person `:user_id` is in, by themselves or by their teams, in any organization."""
_BEYOND = text(f"""
SELECT EXISTS (
    SELECT FROM visibility_members
    WHERE team_id = ANY (CAST(:team_ids AS uuid[])) AND group_id NOT IN ({GROUPS})
)
""")  # noqa: S608 - made of constants


async def hold_teams(session: AsyncSession, organization_id: OrganizationId) -> None:
    """Have nobody else make, move or delete teams of the organization until the transaction ends."""
    await session.execute(_HOLD, {"organization_id": str(organization_id)})


@dataclass(frozen=True, slots=True)
class SqlTeams(Teams):
    """Teams, in the transaction of the command."""

    work: SqlWork

    async def hold(self, organization_id: OrganizationId) -> None:
        """See `Teams.hold`."""
        await hold_teams(await self.work.begin(), organization_id)

    async def find(self, organization_id: OrganizationId, team_id: TeamId) -> Team | None:
        """See `Teams.find`."""
        session = await self.work.begin()
        found = select(Team).where(teams.c.organization_id == organization_id, teams.c.id == team_id)
        return await session.scalar(found.with_for_update())

    async def add(self, team: Team) -> None:
        """See `Teams.add`."""
        session = await self.work.begin()
        session.add(team)
        with refusing(KEPT):
            await session.flush()

    async def keep(self, team: Team) -> None:  # noqa: ARG002 - the session knows what changed
        """See `Teams.keep`."""
        session = await self.work.begin()
        with refusing(KEPT):
            await session.flush()

    async def keep_moved(self, team: Team) -> None:
        """See `Teams.keep_moved`."""
        session = await self.work.begin()
        moved = {"id": team.id, "organization_id": team.organization_id, "path": team.path}
        with refusing(KEPT):
            await session.flush()
            await session.execute(_FOLLOW, moved)

    async def remove(self, team: Team) -> None:
        """See `Teams.remove`; members go by foreign key, grants by a trigger."""
        session = await self.work.begin()
        await session.delete(team)
        with refusing({"fk_teams_parent_id": TeamHasTeams}):
            await session.flush()


@dataclass(frozen=True, slots=True)
class SqlTeamMembers(TeamMembers):
    """Who is in the teams, in the transaction of the command."""

    work: SqlWork

    async def get(self, team: Team, user_id: UserId) -> TeamMember:
        """See `TeamMembers.get`; locked, for whoever leaves the organization leaves the team without asking it."""
        session = await self.work.begin()
        if member := await session.get(TeamMember, (team.id, user_id), with_for_update=True):
            return member
        raise TeamMemberNotFound

    async def add(self, member: TeamMember) -> None:
        """See `TeamMembers.add`."""
        session = await self.work.begin()
        session.add(member)
        with refusing(ADDED):
            await session.flush()

    async def keep(self, member: TeamMember) -> None:  # noqa: ARG002 - the session knows what changed
        """See `TeamMembers.keep`."""
        await (await self.work.begin()).flush()

    async def remove(self, member: TeamMember) -> None:
        """See `TeamMembers.remove`."""
        session = await self.work.begin()
        await session.delete(member)
        await session.flush()

    async def administers(self, user_id: UserId, team_ids: Sequence[TeamId]) -> bool:
        """See `TeamMembers.administers`."""
        session = await self.work.begin()
        found = select(team_members.c.team_id).where(
            team_members.c.user_id == user_id,
            team_members.c.team_id.in_(team_ids),
            team_members.c.role == TeamRole.ADMIN,
        )
        return (await session.execute(found.limit(1))).first() is not None


@dataclass(frozen=True, slots=True)
class SqlInheritance(Inheritance):
    """What being in teams brings with it, in the transaction of the command."""

    work: SqlWork

    async def grants(self, organization_id: OrganizationId, team_ids: Sequence[TeamId]) -> Sequence[TeamGrant]:
        """See `Inheritance.grants`."""
        session = await self.work.begin()
        rows = await session.execute(_GRANTS, {"organization_id": organization_id, "team_ids": list(team_ids)})
        return [TeamGrant(Place(organization_id, row.resource_id, row.below), row.role_id, row.denies) for row in rows]

    async def beyond(self, user_id: UserId, team_ids: Sequence[TeamId]) -> bool:
        """See `Inheritance.beyond`."""
        session = await self.work.begin()
        asked = {"user_id": user_id, "team_ids": list(team_ids)}
        return bool(await session.scalar(_BEYOND, asked))

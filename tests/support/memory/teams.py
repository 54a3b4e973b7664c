"""Teams in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.kernel.access import Eyes
from domain.kernel.ids import OrganizationId, TeamId, UserId
from domain.kernel.ports import Clock
from domain.teams.errors import (
    AlreadyInTeam,
    NotAMember,
    TeamHasTeams,
    TeamMemberNotFound,
    TeamNameTaken,
    TeamTooDeep,
)
from domain.teams.models import DEEPEST, Team, TeamMember
from domain.teams.ports import Inheritance, TeamGrant
from domain.teams.readers import TeamFilter, TeamLists, TeamPlace
from domain.teams.repositories import TeamMembers, Teams
from domain.teams.schemas import TeamInfo, TeamMemberInfo, TeamRole
from tests.support.memory.store import Memory
from tests.support.memory.tables import GRANTS, MEMBERSHIPS, TEAM_MEMBERS, TEAMS, VISIBILITY_MEMBERS
from tests.support.memory.walls import groups_of, person_seen
from tests.support.memory.work import MemoryTables, MemoryWork


def belongs(tables: MemoryTables, organization_id: OrganizationId, user_id: UserId | None) -> bool:
    """Return whether the person is a member of the organization."""
    rows = tables.table(MEMBERSHIPS).values()
    return any((each.organization_id, each.user_id) == (organization_id, user_id) for each in rows)


@dataclass(frozen=True, slots=True)
class MemoryTeams(Teams):
    work: MemoryWork

    async def hold(self, organization_id: OrganizationId) -> None:
        await self.work.begin()

    async def find(self, organization_id: OrganizationId, team_id: TeamId) -> Team | None:
        team: Team | None = (await self.work.begin()).table(TEAMS).get(team_id)
        return team if team and team.organization_id == organization_id else None

    async def add(self, team: Team) -> None:
        await self.keep(team)
        (await self.work.begin()).table(TEAMS).put(team.id, team)

    async def keep(self, team: Team) -> None:
        place = team.organization_id, team.parent_id, team.name
        for each in await self._others(team):
            if (each.organization_id, each.parent_id, each.name) == place:
                raise TeamNameTaken

    async def keep_moved(self, team: Team) -> None:
        await self.keep(team)
        below = [each for each in await self._others(team) if team.id in each.path]
        paths = {each.id: [*each.path[: each.path.index(team.id)], *team.path] for each in below}
        if any(len(path) > DEEPEST for path in paths.values()):
            raise TeamTooDeep
        for each in below:
            each.path = paths[each.id]

    async def remove(self, team: Team) -> None:
        if any(each.parent_id == team.id for each in await self._others(team)):
            raise TeamHasTeams
        tables = await self.work.begin()
        tables.table(TEAMS).remove(team.id)
        for member in tables.table(TEAM_MEMBERS).values():
            if member.team_id == team.id:
                tables.table(TEAM_MEMBERS).remove((team.id, member.user_id))
        for grant in tables.table(GRANTS).values():
            if grant.subject.id == team.id:
                tables.table(GRANTS).remove(grant.id)
        for viewer in tables.table(VISIBILITY_MEMBERS).values():
            if viewer.team_id == team.id:
                tables.table(VISIBILITY_MEMBERS).remove(viewer)

    async def _others(self, team: Team) -> list[Team]:
        return [each for each in (await self.work.begin()).table(TEAMS).values() if each.id != team.id]


@dataclass(frozen=True, slots=True)
class MemoryTeamMembers(TeamMembers):
    work: MemoryWork

    async def get(self, team: Team, user_id: UserId) -> TeamMember:
        member: TeamMember | None = (await self.work.begin()).table(TEAM_MEMBERS).get((team.id, user_id))
        if member is None:
            raise TeamMemberNotFound
        return member

    async def add(self, member: TeamMember) -> None:
        tables = await self.work.begin()
        if not belongs(tables, member.organization_id, member.user_id):
            raise NotAMember
        key = member.team_id, member.user_id
        if tables.table(TEAM_MEMBERS).get(key):
            raise AlreadyInTeam
        tables.table(TEAM_MEMBERS).put(key, member)

    async def keep(self, member: TeamMember) -> None:
        await self.work.begin()

    async def remove(self, member: TeamMember) -> None:
        (await self.work.begin()).table(TEAM_MEMBERS).remove((member.team_id, member.user_id))

    async def administers(self, user_id: UserId, team_ids: Sequence[TeamId]) -> bool:
        table = (await self.work.begin()).table(TEAM_MEMBERS)
        found: list[TeamMember | None] = [table.get((team_id, user_id)) for team_id in team_ids]
        return any(each and each.role == TeamRole.ADMIN for each in found)


@dataclass(frozen=True, slots=True)
class MemoryInheritance(Inheritance):
    work: MemoryWork
    clock: Clock

    async def grants(self, organization_id: OrganizationId, team_ids: Sequence[TeamId]) -> Sequence[TeamGrant]:
        rows = (await self.work.begin()).table(GRANTS).values()
        found = [
            TeamGrant(each.place, each.role_id, each.denies)
            for each in rows
            if each.subject.type == "team"
            and each.subject.id in team_ids
            and each.place.organization_id == organization_id
            and (each.expires_at is None or each.expires_at > self.clock.now())
        ]
        return [*dict.fromkeys(found)]

    async def beyond(self, user_id: UserId, team_ids: Sequence[TeamId]) -> bool:
        tables = await self.work.begin()
        seen = {each.group_id for each in tables.table(VISIBILITY_MEMBERS).values() if each.team_id in team_ids}
        return not seen <= groups_of(tables, user_id)


@dataclass(frozen=True, slots=True)
class MemoryTeamLists(TeamLists):
    memory: Memory

    async def find(self, organization_id: OrganizationId, team_id: TeamId) -> TeamInfo | None:
        team: Team | None = self.memory.table(TEAMS).get(team_id)
        return team.info if team and team.organization_id == organization_id else None

    async def list(self, wanted: TeamFilter, after: TeamPlace | None, most: int) -> Sequence[TeamInfo]:
        teams: list[Team] = sorted(
            self.memory.table(TEAMS).values(), key=lambda each: (each.created_at, each.id), reverse=True
        )
        fitting = [
            each.info
            for each in teams
            if each.organization_id == wanted.organization_id
            and wanted.parent_id in {None, each.parent_id}
            and not (wanted.top and each.parent_id)
            and (after is None or (each.created_at, each.id) < (after.created_at, after.team_id))
        ]
        return fitting[:most]

    async def members(
        self, organization_id: OrganizationId, team_id: TeamId, by: Eyes, after: UserId | None, most: int
    ) -> Sequence[TeamMemberInfo]:
        members: list[TeamMember] = sorted(self.memory.table(TEAM_MEMBERS).values(), key=lambda each: each.user_id)
        fitting = [
            each.info
            for each in members
            if (each.organization_id, each.team_id) == (organization_id, team_id)
            and (after is None or each.user_id > after)
            and person_seen(self.memory, organization_id, each.user_id, by)
        ]
        return fitting[:most]

"""Who may do what with a team, where the permission alone does not tell."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.access.facade import Authority, NotHeld, Place, Walls
from domain.kernel.access import Actor, Permission
from domain.kernel.errors import Forbidden
from domain.kernel.ids import OrganizationId, TeamId, UserId
from domain.teams.errors import NotAMember, TeamMemberNotFound, TeamNotFound
from domain.teams.models import Team, TeamMember
from domain.teams.ports import Inheritance
from domain.teams.repositories import TeamMembers, Teams


@dataclass(frozen=True, slots=True)
class TeamRights:
    """Judge what actors do with teams: those with `teams:write` anything, admins of a team what lies below it."""

    teams: Teams
    members: TeamMembers
    inheritance: Inheritance
    authority: Authority
    walls: Walls

    async def manage(
        self, actor: Actor, organization_id: OrganizationId, team_id: TeamId, *, from_above: bool = False
    ) -> Team:
        """Return the team, locked, if the actor may manage it; `from_above` an admin of this very team may not.

        Raise `Forbidden`, or `TeamNotFound` if there is no such team, or none that the actor may see.
        """
        team = await self.teams.find(organization_id, team_id)
        if team and await self._may(actor, team, from_above=from_above):
            return team
        if team and await self.authority.holds(actor, Place(organization_id), Permission.TEAMS_READ):
            raise Forbidden
        raise TeamNotFound

    async def manage_top(self, actor: Actor, organization_id: OrganizationId) -> None:
        """Raise `Forbidden` unless the actor may manage what lies in no team."""
        if not await self.authority.holds(actor, Place(organization_id), Permission.TEAMS_WRITE):
            raise Forbidden

    async def must_know(self, actor: Actor, organization_id: OrganizationId, user_id: UserId) -> None:
        """Raise `NotAMember` if a wall hides the person from the actor."""
        if await self.walls.hidden_people(actor, organization_id, {user_id}):
            raise NotAMember

    async def member(self, actor: Actor, team: Team, user_id: UserId) -> TeamMember:
        """Return who is in the team, locked; raise `TeamMemberNotFound`, also of those whom a wall hides."""
        member = await self.members.get(team, user_id)
        if await self.walls.hidden_people(actor, team.organization_id, {user_id}):
            raise TeamMemberNotFound
        return member

    async def hand(self, actor: Actor, organization_id: OrganizationId, team_ids: Sequence[TeamId]) -> None:
        """Raise `NotHeld` unless the actor has everything themselves that being in the teams brings with it."""
        for grant in await self.inheritance.grants(organization_id, team_ids):
            await self.authority.must_hold_role(actor, grant.place, grant.role_id)
        if await self.inheritance.beyond(actor.user_id, team_ids) and not await self.authority.holds(
            actor, Place(organization_id), Permission.VISIBILITY_BYPASS
        ):
            raise NotHeld

    async def take(self, actor: Actor, organization_id: OrganizationId, team_ids: Sequence[TeamId]) -> None:
        """Raise `NotHeld` if leaving the teams lifts a denial of what the actor does not hold: that gives it."""
        for grant in await self.inheritance.grants(organization_id, team_ids):
            if grant.denies:
                await self.authority.must_hold_role(actor, grant.place, grant.role_id)

    async def _may(self, actor: Actor, team: Team, *, from_above: bool) -> bool:
        if await self.members.administers(actor.user_id, team.path[1:] if from_above else team.path):
            return True
        return await self.authority.holds(actor, Place(team.organization_id), Permission.TEAMS_WRITE)

"""Leave a team."""

from domain.access.facade import NotHeld
from domain.kernel.access import Actor, member_of
from domain.kernel.errors import ConcurrentChange
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, TeamId
from domain.kernel.usecases import Command, interactor, message
from domain.teams.errors import TeamMemberNotFound, TeamNotFound
from domain.teams.events import TeamMemberRemoved
from domain.teams.repositories import TeamMembers, Teams
from domain.teams.rights import TeamRights


@message
class LeaveTeam(Command[None]):
    """Leave a team; nobody leaves one that denies them something."""

    organization_id: OrganizationId
    team_id: TeamId


@interactor(
    access=member_of("organization_id"),
    raises=(TeamNotFound, NotHeld, ConcurrentChange),
    emits=(TeamMemberRemoved,),
    audit="teams.member.leave",
    simulated=True,
)
class LeaveTeamInteractor:
    teams: Teams
    members: TeamMembers
    rights: TeamRights
    events: Events

    async def __call__(self, request: LeaveTeam, actor: Actor) -> None:
        team = await self.teams.find(request.organization_id, request.team_id)
        if team is None:
            raise TeamNotFound
        try:
            member = await self.members.get(team, actor.user_id)
        except TeamMemberNotFound:
            # Whether it exists is told to those who may read teams, elsewhere.
            raise TeamNotFound from None
        await self.rights.take(actor, team.organization_id, team.path)
        await self.members.remove(member)
        left = TeamMemberRemoved(organization_id=team.organization_id, team_id=team.id, user_id=actor.user_id)
        self.events.emit(left, of=team)
        await self.teams.keep(team)

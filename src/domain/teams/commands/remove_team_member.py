"""Take somebody out of a team."""

from domain.access.facade import NotHeld
from domain.kernel.access import Actor, member_of
from domain.kernel.errors import ConcurrentChange
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, TeamId, UserId
from domain.kernel.usecases import Command, interactor, message
from domain.teams.errors import TeamMemberNotFound, TeamNotFound
from domain.teams.events import TeamMemberRemoved
from domain.teams.repositories import TeamMembers, Teams
from domain.teams.rights import TeamRights


@message
class RemoveTeamMember(Command[None]):
    """Take somebody out of a team."""

    organization_id: OrganizationId
    team_id: TeamId
    user_id: UserId


@interactor(
    access=member_of("organization_id"),
    raises=(TeamNotFound, TeamMemberNotFound, NotHeld, ConcurrentChange),
    emits=(TeamMemberRemoved,),
    audit="teams.member.remove",
    simulated=True,
)
class RemoveTeamMemberInteractor:
    teams: Teams
    members: TeamMembers
    rights: TeamRights
    events: Events

    async def __call__(self, request: RemoveTeamMember, actor: Actor) -> None:
        team = await self.rights.manage(actor, request.organization_id, request.team_id)
        member = await self.rights.member(actor, team, request.user_id)
        await self.rights.take(actor, team.organization_id, team.path)
        await self.members.remove(member)
        removed = TeamMemberRemoved(organization_id=team.organization_id, team_id=team.id, user_id=request.user_id)
        self.events.emit(removed, of=team)
        await self.teams.keep(team)

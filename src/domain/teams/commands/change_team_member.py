"""Make somebody in a team its admin, or a member again."""

from domain.kernel.access import Actor, member_of
from domain.kernel.errors import ConcurrentChange
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, TeamId, UserId
from domain.kernel.usecases import Command, interactor, message
from domain.teams.errors import TeamMemberNotFound, TeamNotFound
from domain.teams.events import TeamMemberChanged
from domain.teams.repositories import TeamMembers, Teams
from domain.teams.rights import TeamRights
from domain.teams.schemas import TeamMemberInfo, TeamRole


@message
class ChangeTeamMember(Command[TeamMemberInfo]):
    """Make somebody who is in a team its admin, or a member again."""

    organization_id: OrganizationId
    team_id: TeamId
    user_id: UserId
    role: TeamRole


@interactor(
    access=member_of("organization_id"),
    raises=(TeamNotFound, TeamMemberNotFound, ConcurrentChange),
    emits=(TeamMemberChanged,),
    audit="teams.member.change",
    simulated=True,
)
class ChangeTeamMemberInteractor:
    teams: Teams
    members: TeamMembers
    rights: TeamRights
    events: Events

    async def __call__(self, request: ChangeTeamMember, actor: Actor) -> TeamMemberInfo:
        team = await self.rights.manage(actor, request.organization_id, request.team_id)
        member = await self.rights.member(actor, team, request.user_id)
        if member.role != request.role:
            member.role = request.role
            changed = TeamMemberChanged(
                organization_id=team.organization_id, team_id=team.id, user_id=member.user_id, role=member.role
            )
            self.events.emit(changed, of=team)
            await self.members.keep(member)
            await self.teams.keep(team)
        return member.info

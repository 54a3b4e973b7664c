"""Put somebody in a team."""

from domain.access.facade import NotHeld
from domain.kernel.access import Actor, member_of
from domain.kernel.errors import ConcurrentChange
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, TeamId, UserId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, interactor, message
from domain.teams.errors import AlreadyInTeam, NotAMember, TeamNotFound
from domain.teams.events import TeamMemberAdded
from domain.teams.models import TeamMember
from domain.teams.repositories import TeamMembers, Teams
from domain.teams.rights import TeamRights
from domain.teams.schemas import TeamMemberInfo, TeamRole


@message
class AddTeamMember(Command[TeamMemberInfo]):
    """Put a member of the organization in a team; who does that must hold whatever is granted to it and above it."""

    organization_id: OrganizationId
    team_id: TeamId
    user_id: UserId
    role: TeamRole = TeamRole.MEMBER


@interactor(
    access=member_of("organization_id"),
    raises=(TeamNotFound, NotAMember, NotHeld, AlreadyInTeam, ConcurrentChange),
    emits=(TeamMemberAdded,),
    audit="teams.member.add",
    simulated=True,
)
class AddTeamMemberInteractor:
    teams: Teams
    members: TeamMembers
    rights: TeamRights
    events: Events
    clock: Clock

    async def __call__(self, request: AddTeamMember, actor: Actor) -> TeamMemberInfo:
        team = await self.rights.manage(actor, request.organization_id, request.team_id)
        await self.rights.hand(actor, team.organization_id, team.path)
        await self.rights.must_know(actor, team.organization_id, request.user_id)
        member = TeamMember(
            team_id=team.id,
            organization_id=team.organization_id,
            user_id=request.user_id,
            role=request.role,
            created_at=self.clock.now(),
        )
        await self.members.add(member)
        added = TeamMemberAdded(
            organization_id=team.organization_id, team_id=team.id, user_id=member.user_id, role=member.role
        )
        self.events.emit(added, of=team)
        await self.teams.keep(team)
        return member.info

"""Create a team."""

from domain.kernel.access import Actor, member_of
from domain.kernel.errors import ConcurrentChange, NameInvalid
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, TeamId
from domain.kernel.names import name_of
from domain.kernel.ports import Clock
from domain.kernel.schemas import Name
from domain.kernel.usecases import Command, interactor, message
from domain.teams.errors import TeamNameTaken, TeamNotFound, TeamTooDeep
from domain.teams.events import TeamCreated
from domain.teams.models import Team
from domain.teams.repositories import Teams
from domain.teams.rights import TeamRights
from domain.teams.schemas import TeamInfo


@message
class CreateTeam(Command[TeamInfo]):
    """Create a team, at the top or in another one; nobody is in it at first."""

    organization_id: OrganizationId
    name: Name
    parent_id: TeamId | None = None


@interactor(
    access=member_of("organization_id"),
    raises=(TeamNotFound, NameInvalid, TeamNameTaken, TeamTooDeep, ConcurrentChange),
    emits=(TeamCreated,),
    audit="teams.team.create",
    simulated=True,
)
class CreateTeamInteractor:
    teams: Teams
    rights: TeamRights
    events: Events
    clock: Clock

    async def __call__(self, request: CreateTeam, actor: Actor) -> TeamInfo:
        now = self.clock.now()
        await self.teams.hold(request.organization_id)
        parent = None
        if request.parent_id is None:
            await self.rights.manage_top(actor, request.organization_id)
        else:
            parent = await self.rights.manage(actor, request.organization_id, request.parent_id)
        team = Team(organization_id=request.organization_id, name=name_of(request.name), created_at=now, updated_at=now)
        team.lie_in(parent)
        created = TeamCreated(
            organization_id=team.organization_id, team_id=team.id, parent_id=team.parent_id, name=team.name
        )
        self.events.emit(created, of=team)
        await self.teams.add(team)
        return team.info

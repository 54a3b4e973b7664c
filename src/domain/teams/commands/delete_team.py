"""Delete a team."""

from domain.access.facade import NotHeld
from domain.kernel.access import Actor, member_of
from domain.kernel.errors import ConcurrentChange, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, TeamId
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.teams.errors import TeamHasTeams, TeamNotFound
from domain.teams.events import TeamDeleted
from domain.teams.repositories import Teams
from domain.teams.rights import TeamRights


@message
class DeleteTeam(Command[None]):
    """Delete a team in which no other lies, with what was granted to it."""

    organization_id: OrganizationId
    team_id: TeamId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=member_of("organization_id"),
    raises=(TeamNotFound, NotHeld, TeamHasTeams, PreconditionFailed, ConcurrentChange),
    emits=(TeamDeleted,),
    audit="teams.team.delete",
    simulated=True,
)
class DeleteTeamInteractor:
    teams: Teams
    rights: TeamRights
    events: Events

    async def __call__(self, request: DeleteTeam, actor: Actor) -> None:
        await self.teams.hold(request.organization_id)
        team = await self.rights.manage(actor, request.organization_id, request.team_id, from_above=True)
        if request.expected_version not in (None, team.version):
            raise PreconditionFailed
        await self.rights.take(actor, team.organization_id, team.path)
        await self.teams.remove(team)
        self.events.emit(TeamDeleted(organization_id=team.organization_id, team_id=team.id), of=team)

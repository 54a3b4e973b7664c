"""Get a team."""

from domain.kernel.access import Permission, needs
from domain.kernel.ids import OrganizationId, TeamId
from domain.kernel.usecases import Query, interactor, message
from domain.teams.errors import TeamNotFound
from domain.teams.readers import TeamLists
from domain.teams.schemas import TeamInfo


@message
class GetTeam(Query[TeamInfo]):
    """Show a team."""

    organization_id: OrganizationId
    team_id: TeamId


@interactor(access=needs(Permission.TEAMS_READ, within="organization_id"), raises=(TeamNotFound,))
class GetTeamInteractor:
    teams: TeamLists

    async def __call__(self, request: GetTeam) -> TeamInfo:
        if team := await self.teams.find(request.organization_id, request.team_id):
            return team
        raise TeamNotFound

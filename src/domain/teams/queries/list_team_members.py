"""List who is in a team."""

from typing import Annotated
from uuid import UUID

from domain.access.facade import Clearances
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import OrganizationId, TeamId, UserId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message
from domain.teams.errors import TeamNotFound
from domain.teams.readers import TeamLists
from domain.teams.schemas import TeamMemberInfo


@message
class ListTeamMembers(Query[Page[TeamMemberInfo]]):
    """List who is in a team, itself only and not those below it, in the order of their ids."""

    organization_id: OrganizationId
    team_id: TeamId
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(access=needs(Permission.TEAMS_READ, within="organization_id"), raises=(TeamNotFound, CursorInvalid))
class ListTeamMembersInteractor:
    teams: TeamLists
    clearances: Clearances
    cursors: Cursors

    async def __call__(self, request: ListTeamMembers, actor: Actor) -> Page[TeamMemberInfo]:
        scope = ["ListTeamMembers", str(request.organization_id), str(request.team_id)]
        after = None
        if request.cursor is not None:
            (user_id,) = self.cursors.open(scope, request.cursor)
            after = UserId(UUID(user_id))
        if not await self.teams.find(request.organization_id, request.team_id):
            raise TeamNotFound
        eyes, most = await self.clearances.eyes(actor, request.organization_id), request.limit + 1
        found = list(await self.teams.members(request.organization_id, request.team_id, eyes, after, most))
        page, more = found[: request.limit], found[request.limit :]
        return Page(page, self.cursors.seal(scope, [str(page[-1].user_id)]) if more else None)

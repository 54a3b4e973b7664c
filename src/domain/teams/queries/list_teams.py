"""List teams."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.kernel.access import Permission, needs
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import OrganizationId, TeamId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message
from domain.teams.errors import TeamNotFound
from domain.teams.readers import TeamFilter, TeamLists, TeamPlace
from domain.teams.schemas import TeamInfo


@message
class ListTeams(Query[Page[TeamInfo]]):
    """List teams, the newest first: all of them, those directly in `parent_id`, or with `top` those in none."""

    organization_id: OrganizationId
    parent_id: TeamId | None = None
    top: bool = False
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(access=needs(Permission.TEAMS_READ, within="organization_id"), raises=(TeamNotFound, CursorInvalid))
class ListTeamsInteractor:
    teams: TeamLists
    cursors: Cursors

    async def __call__(self, request: ListTeams) -> Page[TeamInfo]:
        scope = ["ListTeams", str(request.organization_id), str(request.parent_id), str(request.top)]
        after = None
        if request.cursor is not None:
            created_at, team_id = self.cursors.open(scope, request.cursor)
            after = TeamPlace(datetime.fromisoformat(created_at), TeamId(UUID(team_id)))
        if request.parent_id and not await self.teams.find(request.organization_id, request.parent_id):
            raise TeamNotFound
        wanted = TeamFilter(request.organization_id, request.parent_id, request.top)
        found = list(await self.teams.list(wanted, after, request.limit + 1))
        page, more = found[: request.limit], found[request.limit :]
        last = page[-1] if more else None
        return Page(page, self.cursors.seal(scope, [last.created_at.isoformat(), str(last.id)]) if last else None)

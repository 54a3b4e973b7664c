"""List visibility groups."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.kernel.access import Permission, needs
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import GroupId, OrganizationId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message
from domain.visibility.readers import GroupPlace, VisibilityLists
from domain.visibility.schemas import VisibilityGroupInfo


@message
class ListVisibilityGroups(Query[Page[VisibilityGroupInfo]]):
    """List the visibility groups of an organization, the newest first."""

    organization_id: OrganizationId
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(access=needs(Permission.VISIBILITY_READ, within="organization_id"), raises=(CursorInvalid,))
class ListVisibilityGroupsInteractor:
    groups: VisibilityLists
    cursors: Cursors

    async def __call__(self, request: ListVisibilityGroups) -> Page[VisibilityGroupInfo]:
        scope = ["ListVisibilityGroups", str(request.organization_id)]
        after = None
        if request.cursor is not None:
            created_at, group_id = self.cursors.open(scope, request.cursor)
            after = GroupPlace(datetime.fromisoformat(created_at), GroupId(UUID(group_id)))
        found = list(await self.groups.list(request.organization_id, after, request.limit + 1))
        page, more = found[: request.limit], found[request.limit :]
        last = page[-1] if more else None
        return Page(page, self.cursors.seal(scope, [last.created_at.isoformat(), str(last.id)]) if last else None)

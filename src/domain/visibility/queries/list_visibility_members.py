"""List who sees what is in a visibility group."""

from typing import Annotated
from uuid import UUID

from domain.access.facade import Clearances
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import GroupId, OrganizationId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message
from domain.visibility.errors import GroupNotFound
from domain.visibility.readers import VisibilityLists
from domain.visibility.schemas import VisibilityMemberInfo


@message
class ListVisibilityMembers(Query[Page[VisibilityMemberInfo]]):
    """List who sees what is in a visibility group: people and teams, in the order of their ids."""

    organization_id: OrganizationId
    group_id: GroupId
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(access=needs(Permission.VISIBILITY_READ, within="organization_id"), raises=(GroupNotFound, CursorInvalid))
class ListVisibilityMembersInteractor:
    groups: VisibilityLists
    clearances: Clearances
    cursors: Cursors

    async def __call__(self, request: ListVisibilityMembers, actor: Actor) -> Page[VisibilityMemberInfo]:
        scope = ["ListVisibilityMembers", str(request.organization_id), str(request.group_id)]
        after = None
        if request.cursor is not None:
            after = UUID(self.cursors.open(scope, request.cursor)[0])
        if not await self.groups.find(request.organization_id, request.group_id):
            raise GroupNotFound
        eyes, most = await self.clearances.eyes(actor, request.organization_id), request.limit + 1
        found = list(await self.groups.members(request.organization_id, request.group_id, eyes, after, most))
        page, more = found[: request.limit], found[request.limit :]
        last = page[-1] if more else None
        return Page(page, self.cursors.seal(scope, [str(last.user_id or last.team_id)]) if last else None)

"""List what is in a visibility group."""

from typing import Annotated
from uuid import UUID

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import GroupId, OrganizationId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message
from domain.visibility.errors import GroupNotFound
from domain.visibility.readers import VisibilityLists
from domain.visibility.schemas import VisibilityContentInfo
from domain.visibility.sight import Sight


@message
class ListVisibilityContents(Query[Page[VisibilityContentInfo]]):
    """List what is in a visibility group and the actor may see: resources and people, in the order of their ids."""

    organization_id: OrganizationId
    group_id: GroupId
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(
    access=needs(Permission.VISIBILITY_READ, within="organization_id"),
    raises=(GroupNotFound, CursorInvalid),
    audit="visibility.content.list",
)
class ListVisibilityContentsInteractor:
    groups: VisibilityLists
    sight: Sight
    cursors: Cursors

    async def __call__(self, request: ListVisibilityContents, actor: Actor) -> Page[VisibilityContentInfo]:
        scope = ["ListVisibilityContents", str(request.organization_id), str(request.group_id)]
        after = None
        if request.cursor is not None:
            after = UUID(self.cursors.open(scope, request.cursor)[0])
        if not await self.groups.find(request.organization_id, request.group_id):
            raise GroupNotFound
        eyes = await self.sight.eyes(actor, request.organization_id)
        most = request.limit + 1
        found = list(await self.groups.contents(request.organization_id, request.group_id, eyes, after, most))
        page, more = found[: request.limit], found[request.limit :]
        after_it = self.cursors.seal(scope, [str(page[-1].place)]) if more else None
        return Page([each.content for each in page], after_it)

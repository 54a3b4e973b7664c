"""Get a visibility group."""

from domain.kernel.access import Permission, needs
from domain.kernel.ids import GroupId, OrganizationId
from domain.kernel.usecases import Query, interactor, message
from domain.visibility.errors import GroupNotFound
from domain.visibility.readers import VisibilityLists
from domain.visibility.schemas import VisibilityGroupInfo


@message
class GetVisibilityGroup(Query[VisibilityGroupInfo]):
    """Show a visibility group."""

    organization_id: OrganizationId
    group_id: GroupId


@interactor(access=needs(Permission.VISIBILITY_READ, within="organization_id"), raises=(GroupNotFound,))
class GetVisibilityGroupInteractor:
    groups: VisibilityLists

    async def __call__(self, request: GetVisibilityGroup) -> VisibilityGroupInfo:
        if group := await self.groups.find(request.organization_id, request.group_id):
            return group
        raise GroupNotFound

"""Get a grant."""

from domain.access.errors import GrantNotFound
from domain.access.facade import Clearances
from domain.access.readers import GrantLists
from domain.access.schemas import GrantInfo
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import GrantId, OrganizationId
from domain.kernel.usecases import Query, interactor, message


@message
class GetGrant(Query[GrantInfo]):
    """Show a grant of an organization, unless it has expired, or concerns what the caller may not see."""

    organization_id: OrganizationId
    grant_id: GrantId


@interactor(
    access=needs(Permission.GRANTS_READ, within="organization_id"), raises=(OrganizationNotFound, GrantNotFound)
)
class GetGrantInteractor:
    lists: GrantLists
    clearances: Clearances

    async def __call__(self, request: GetGrant, actor: Actor) -> GrantInfo:
        eyes = await self.clearances.eyes(actor, request.organization_id)
        if grant := await self.lists.find(request.organization_id, request.grant_id, eyes):
            return grant
        raise GrantNotFound

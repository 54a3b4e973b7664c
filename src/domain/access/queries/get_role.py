"""Get a role."""

from domain.access.errors import RoleNotFound
from domain.access.readers import RoleLists
from domain.access.schemas import RoleInfo
from domain.kernel.access import Permission, needs
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, RoleId
from domain.kernel.usecases import Query, interactor, message


@message
class GetRole(Query[RoleInfo]):
    """Show a role that may be granted in an organization."""

    organization_id: OrganizationId
    role_id: RoleId


@interactor(access=needs(Permission.ROLES_READ, within="organization_id"), raises=(OrganizationNotFound, RoleNotFound))
class GetRoleInteractor:
    lists: RoleLists

    async def __call__(self, request: GetRole) -> RoleInfo:
        if role := await self.lists.find(request.organization_id, request.role_id):
            return role
        raise RoleNotFound

"""List roles."""

from typing import Annotated
from uuid import UUID

from domain.access.readers import RoleLists
from domain.access.schemas import RoleInfo
from domain.kernel.access import Permission, needs
from domain.kernel.errors import CursorInvalid, OrganizationNotFound
from domain.kernel.ids import OrganizationId, RoleId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message


@message
class ListRoles(Query[Page[RoleInfo]]):
    """List the roles that may be granted in an organization, its own and system roles, by name."""

    organization_id: OrganizationId
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(access=needs(Permission.ROLES_READ, within="organization_id"), raises=(OrganizationNotFound, CursorInvalid))
class ListRolesInteractor:
    lists: RoleLists
    cursors: Cursors

    async def __call__(self, request: ListRoles) -> Page[RoleInfo]:
        scope = ["ListRoles", str(request.organization_id)]
        after = None
        if request.cursor is not None:
            name, role_id = self.cursors.open(scope, request.cursor)
            after = name, RoleId(UUID(role_id))
        found = list(await self.lists.list(request.organization_id, after, request.limit + 1))
        page, more = found[: request.limit], found[request.limit :]
        return Page(page, self.cursors.seal(scope, [page[-1].name, str(page[-1].id)]) if more else None)

"""List grants."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.access.facade import Clearances
from domain.access.readers import GrantFilter, GrantLists, GrantPlace
from domain.access.schemas import ExternalId, GrantInfo, ResourceType, RoleName, SubjectType
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import CursorInvalid, OrganizationNotFound
from domain.kernel.ids import GrantId, OrganizationId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message


@message
class ListGrants(Query[Page[GrantInfo]]):
    """List the grants of an organization that have not expired, the newest first.

    `subject_id`, `role` (a name) and `resource_type` with `resource_id` (as the service that owns it calls it) ask for
    some of them. Grants on and of what the caller may not see are not there.
    """

    organization_id: OrganizationId
    subject_type: SubjectType | None = None
    subject_id: UUID | None = None
    role: RoleName | None = None
    resource_type: ResourceType | None = None
    resource_id: ExternalId | None = None
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(
    access=needs(Permission.GRANTS_READ, within="organization_id"), raises=(OrganizationNotFound, CursorInvalid)
)
class ListGrantsInteractor:
    lists: GrantLists
    clearances: Clearances
    cursors: Cursors

    async def __call__(self, request: ListGrants, actor: Actor) -> Page[GrantInfo]:
        wanted = GrantFilter(
            request.subject_type, request.subject_id, request.role, request.resource_type, request.resource_id
        )
        scope = ["ListGrants", str(request.organization_id), str(wanted)]
        after = None
        if request.cursor is not None:
            created_at, grant_id = self.cursors.open(scope, request.cursor)
            after = GrantPlace(datetime.fromisoformat(created_at), GrantId(UUID(grant_id)))
        eyes = await self.clearances.eyes(actor, request.organization_id)
        found = list(await self.lists.list(request.organization_id, wanted, eyes, after, request.limit + 1))
        page, more = found[: request.limit], found[request.limit :]
        last = page[-1] if more else None
        return Page(page, self.cursors.seal(scope, [last.created_at.isoformat(), str(last.id)]) if last else None)

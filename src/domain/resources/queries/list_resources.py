"""List resources."""

from typing import Annotated
from uuid import UUID

from domain.kernel.access import Actor, member_of
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import OrganizationId, ResourceId, UserId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message
from domain.resources.errors import FilterInvalid
from domain.resources.models import ResourceKey
from domain.resources.readers import ResourceFilter, ResourceReader
from domain.resources.schemas import ExternalId, ResourceInfo, ResourceType


@message
class ListResources(Query[Page[ResourceInfo]]):
    """List the resources of an organization that the caller may read, the newest first.

    `parent_type` and `parent_id`, its external id, together name what they lie in; `external_id` is how theirs begins.
    """

    organization_id: OrganizationId
    type: ResourceType | None = None
    parent_type: ResourceType | None = None
    parent_id: ExternalId | None = None
    owner: UserId | None = None
    external_id: ExternalId | None = None
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(access=member_of("organization_id"), raises=(CursorInvalid, FilterInvalid))
class ListResourcesInteractor:
    reader: ResourceReader
    cursors: Cursors

    async def __call__(self, request: ListResources, actor: Actor, seen: ConsistencyToken | None) -> Page[ResourceInfo]:
        wanted = _filter(request)
        scope = _scope(request)
        after = None
        if request.cursor is not None:
            (last,) = self.cursors.open(scope, request.cursor)
            after = ResourceId(UUID(last))
        found = await self.reader.list(actor, request.organization_id, wanted, after, request.limit + 1, seen)
        page, more = list(found[: request.limit]), found[request.limit :]
        return Page(page, self.cursors.seal(scope, [str(page[-1].id)]) if more else None)


def _filter(request: ListResources) -> ResourceFilter:
    parent = None
    if request.parent_type is not None or request.parent_id is not None:
        if request.parent_type is None or request.parent_id is None:
            raise FilterInvalid
        parent = ResourceKey(request.parent_type, request.parent_id)
    return ResourceFilter(request.type, parent, request.owner, request.external_id)


def _scope(request: ListResources) -> list[str]:
    """Return what a cursor is good for: this list, of this organization, filtered like this."""
    given = (request.type, request.parent_type, request.parent_id, request.owner, request.external_id)
    return ["ListResources", str(request.organization_id), *("" if each is None else f"={each}" for each in given)]

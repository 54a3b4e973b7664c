"""Get a resource."""

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import OrganizationId, ResourceId
from domain.kernel.usecases import Query, interactor, message
from domain.resources.errors import ResourceNotFound
from domain.resources.readers import ResourceReader
from domain.resources.schemas import ResourceInfo


@message
class GetResource(Query[ResourceInfo]):
    """Show a resource."""

    organization_id: OrganizationId
    resource_id: ResourceId


@interactor(
    access=needs(Permission.RESOURCES_READ, within="organization_id", on="resource_id"), raises=(ResourceNotFound,)
)
class GetResourceInteractor:
    reader: ResourceReader

    async def __call__(self, request: GetResource, actor: Actor, seen: ConsistencyToken | None) -> ResourceInfo:
        found = await self.reader.find(actor, request.organization_id, request.resource_id, seen)
        if found is None:
            raise ResourceNotFound
        return found

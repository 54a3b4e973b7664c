"""Change a resource."""

from typing import Any

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.ids import OrganizationId, ResourceId, UserId
from domain.kernel.schemas import ABSENT, Absent
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.resources.errors import AttributesInvalid, ResourceNotFound
from domain.resources.events import ResourceMoved, ResourceUpdated
from domain.resources.models import attributes_of
from domain.resources.registering import REFUSALS, Registration
from domain.resources.repositories import Resources
from domain.resources.schemas import ResourceInfo, ResourceName, info, key_of
from domain.resources.wanting import Wanted


@message
class UpdateResource(Command[ResourceInfo]):
    """Change a resource, or move it with everything below it; what is left out stays, and null empties."""

    organization_id: OrganizationId
    resource_id: ResourceId
    owner: UserId | Absent | None = ABSENT
    parent: ResourceName | Absent | None = ABSENT
    attributes: dict[str, Any] | Absent | None = ABSENT
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.RESOURCES_WRITE, within="organization_id"),
    raises=(*REFUSALS, AttributesInvalid, ResourceNotFound),
    emits=(ResourceMoved, ResourceUpdated),
    audit="resources.resource.update",
    simulated=True,
)
class UpdateResourceInteractor:
    resources: Resources
    registration: Registration

    async def __call__(self, request: UpdateResource, actor: Actor) -> ResourceInfo:
        organization_id = request.organization_id
        if not isinstance(request.parent, Absent):
            await self.resources.hold(organization_id, moving=True)
        found = await self.resources.get(organization_id, request.resource_id)
        above = found.parent.key if found.parent else None
        wanted = Wanted(
            found.key,
            found.owner_id if isinstance(request.owner, Absent) else request.owner,
            above if isinstance(request.parent, Absent) else key_of(request.parent),
            found.attributes if isinstance(request.attributes, Absent) else attributes_of(request.attributes or {}),
            request.expected_version,
        )
        return info(await self.registration.put(actor, organization_id, wanted))

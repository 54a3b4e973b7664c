"""Register a resource."""

from dataclasses import field
from typing import Any

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, UserId
from domain.kernel.usecases import Command, interactor, message
from domain.resources.errors import AttributesInvalid, ExternalIdInvalid, ResourceTaken, TypeInvalid
from domain.resources.events import ResourceRegistered
from domain.resources.models import attributes_of, resource_key
from domain.resources.registering import REFUSALS, Registration
from domain.resources.schemas import ExternalId, ResourceInfo, ResourceName, ResourceType, info, key_of
from domain.resources.wanting import Wanted


@message
class CreateResource(Command[ResourceInfo]):
    """Register a resource that is new; its owner is a member of the organization, its parent a resource of it."""

    organization_id: OrganizationId
    type: ResourceType
    external_id: ExternalId
    owner: UserId | None = None
    parent: ResourceName | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@interactor(
    access=needs(Permission.RESOURCES_WRITE, within="organization_id"),
    raises=(*REFUSALS, AttributesInvalid, ExternalIdInvalid, OrganizationNotFound, ResourceTaken, TypeInvalid),
    emits=(ResourceRegistered,),
    audit="resources.resource.create",
    simulated=True,
)
class CreateResourceInteractor:
    registration: Registration

    async def __call__(self, request: CreateResource, actor: Actor) -> ResourceInfo:
        wanted = Wanted(
            resource_key(request.type, request.external_id),
            request.owner,
            key_of(request.parent),
            attributes_of(request.attributes),
        )
        return info(await self.registration.create(actor, request.organization_id, wanted))

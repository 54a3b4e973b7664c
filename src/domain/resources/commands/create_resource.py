"""Register a resource."""

from dataclasses import field
from typing import Any

from domain.kernel.access import Actor, member_of
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, UserId
from domain.kernel.usecases import Command, interactor, message
from domain.resources.errors import AttributesInvalid, ExternalIdInvalid, ResourceTaken, TypeInvalid
from domain.resources.events import ResourceRegistered
from domain.resources.models import attributes_of, resource_key
from domain.resources.registering import REFUSALS, Registration
from domain.resources.schemas import ExternalId, ResourceInfo, ResourceName, ResourceType, key_of
from domain.resources.seeing import Seeing
from domain.resources.wanting import Wanted


@message
class CreateResource(Command[ResourceInfo]):
    """Register a resource that is new; its owner is a member of the organization, its parent a resource of it.

    Takes `resources:write` where it comes to lie, and `visibility:bypass`, for names are common to all.
    """

    organization_id: OrganizationId
    type: ResourceType
    external_id: ExternalId
    owner: UserId | None = None
    parent: ResourceName | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@interactor(
    access=member_of("organization_id"),
    raises=(*REFUSALS, AttributesInvalid, ExternalIdInvalid, OrganizationNotFound, ResourceTaken, TypeInvalid),
    emits=(ResourceRegistered,),
    audit="resources.resource.create",
    simulated=True,
)
class CreateResourceInteractor:
    registration: Registration
    seeing: Seeing

    async def __call__(self, request: CreateResource, actor: Actor) -> ResourceInfo:
        wanted = Wanted(
            resource_key(request.type, request.external_id),
            request.owner,
            key_of(request.parent),
            attributes_of(request.attributes),
        )
        await self.seeing.must_bypass(actor, request.organization_id)
        return await self.seeing.info(actor, await self.registration.create(actor, request.organization_id, wanted))

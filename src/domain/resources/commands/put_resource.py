"""Register a resource, or have it be as it is sent."""

from dataclasses import field
from typing import Any

from domain.kernel.access import Actor, member_of
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, UserId
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.resources.errors import AttributesInvalid, ExternalIdInvalid, TypeInvalid
from domain.resources.events import ResourceMoved, ResourceRegistered, ResourceUpdated
from domain.resources.models import attributes_of, resource_key
from domain.resources.registering import REFUSALS, Registration
from domain.resources.schemas import ExternalId, ResourceInfo, ResourceName, ResourceType, key_of
from domain.resources.seeing import Seeing
from domain.resources.wanting import Wanted


@message
class PutResource(Command[ResourceInfo]):
    """Have a resource be as it is sent, whether or not it was registered before; what is left out is empty.

    Repeated, it changes nothing. Takes `resources:write` where it lies and where it comes to lie; and, unless the
    caller sees it and it stays where it is, `visibility:bypass`: names and the tree are common to all. A resource whose
    external id cannot be a part of a path, because there is a `/` in it or it is `share`, can be sent in a list.
    """

    organization_id: OrganizationId
    type: ResourceType
    external_id: ExternalId
    owner: UserId | None = None
    parent: ResourceName | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    expected_version: int | None = if_match(default=None)


@interactor(
    access=member_of("organization_id"),
    raises=(*REFUSALS, AttributesInvalid, ExternalIdInvalid, OrganizationNotFound, TypeInvalid),
    emits=(ResourceMoved, ResourceRegistered, ResourceUpdated),
    audit="resources.resource.put",
    simulated=True,
)
class PutResourceInteractor:
    registration: Registration
    seeing: Seeing

    async def __call__(self, request: PutResource, actor: Actor) -> ResourceInfo:
        wanted = Wanted(
            resource_key(request.type, request.external_id),
            request.owner,
            key_of(request.parent),
            attributes_of(request.attributes),
            request.expected_version,
        )
        return await self.seeing.info(actor, await self.registration.put(actor, request.organization_id, wanted))

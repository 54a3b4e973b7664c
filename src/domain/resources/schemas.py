"""What resources show to callers, and what they take from them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from domain.kernel.ids import GrantId, OrganizationId, ResourceId, UserId
from domain.kernel.schemas import Length
from domain.resources.models import LONGEST_EXTERNAL_ID, Resource, ResourceKey

MOST_REGISTERED: Final = 10_000

ResourceType = Annotated[str, Length(1, 64)]
RoleName = Annotated[str, Length(1, 64)]
ExternalId = Annotated[str, Length(1, LONGEST_EXTERNAL_ID)]


@dataclass(frozen=True, slots=True)
class ResourceName:
    """A resource by its type and its external id."""

    type: ResourceType
    id: ExternalId


@dataclass(frozen=True, slots=True)
class ResourceToRegister:
    """A resource as it is to be; what is left out is empty."""

    type: ResourceType
    external_id: ExternalId
    owner: UserId | None = None
    parent: ResourceName | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResourceInfo:
    """Something of a consuming service that access is decided about."""

    id: ResourceId
    type: str
    external_id: str
    organization_id: OrganizationId
    owner: UserId | None
    parent: ResourceName | None
    attributes: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Registered:
    """How many resources were created or changed, and how many were so already."""

    created: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class ShareSubject:
    """A member, a team or a service account."""

    type: Literal["user", "team", "service_account"]
    id: UUID


@dataclass(frozen=True, slots=True)
class Share:
    """A role that somebody has on a resource, by the grant `id`."""

    id: GrantId
    subject: ShareSubject
    role: str
    below: bool
    expires_at: datetime | None


def info(resource: Resource) -> ResourceInfo:
    """Return what is shown of `resource`."""
    parent = resource.parent
    return ResourceInfo(
        id=resource.id,
        type=resource.type,
        external_id=resource.external_id,
        organization_id=resource.organization_id,
        owner=resource.owner_id,
        parent=ResourceName(parent.key.type, parent.key.external_id) if parent else None,
        attributes=dict(resource.attributes),
        created_at=resource.created_at,
        updated_at=resource.updated_at,
        version=resource.version,
    )


def key_of(name: ResourceName | None) -> ResourceKey | None:
    """Return the key that `name` is; one that cannot be a key is simply not there."""
    return ResourceKey(name.type, name.id) if name else None

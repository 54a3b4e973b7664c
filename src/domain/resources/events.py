"""Facts about resources."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.events import Event, event


@dataclass(frozen=True, slots=True)
class NamedResource:
    """A resource as the service that has it knows it."""

    type: str
    external_id: str


@event
class ResourceRegistered(Event):
    """A resource can be decided about now."""

    type = "resources.resource.registered"

    organization_id: UUID
    resource_id: UUID
    resource: NamedResource
    owner_id: UUID | None
    parent_id: UUID | None
    occurred_at: datetime


@event
class ResourceUpdated(Event):
    """A resource has another owner or other attributes; the attributes themselves are not told."""

    type = "resources.resource.updated"

    organization_id: UUID
    resource_id: UUID
    resource: NamedResource
    owner_id: UUID | None
    occurred_at: datetime


@event
class ResourceMoved(Event):
    """A resource, with everything below it, lies elsewhere now."""

    type = "resources.resource.moved"

    organization_id: UUID
    resource_id: UUID
    resource: NamedResource
    parent_id: UUID | None
    occurred_at: datetime


@event
class ResourceDeleted(Event):
    """A resource is gone, with every grant on it."""

    type = "resources.resource.deleted"

    organization_id: UUID
    resource_id: UUID
    resource: NamedResource
    occurred_at: datetime

"""What is announced of resources."""

from datetime import datetime

from domain.resources.events import (
    NamedResource,
    ResourceDeleted,
    ResourceMoved,
    ResourceRegistered,
    ResourceUpdated,
)
from domain.resources.models import Resource


def registered(resource: Resource) -> ResourceRegistered:
    """Return the fact that `resource` is new."""
    return ResourceRegistered(
        organization_id=resource.organization_id,
        resource_id=resource.id,
        resource=_named(resource),
        owner_id=resource.owner_id,
        parent_id=resource.parent.id if resource.parent else None,
        occurred_at=resource.created_at,
    )


def updated(resource: Resource) -> ResourceUpdated:
    """Return the fact that `resource` is now as it is."""
    return ResourceUpdated(
        organization_id=resource.organization_id,
        resource_id=resource.id,
        resource=_named(resource),
        owner_id=resource.owner_id,
        occurred_at=resource.updated_at,
    )


def moved(resource: Resource) -> ResourceMoved:
    """Return the fact that `resource` now lies where it does."""
    return ResourceMoved(
        organization_id=resource.organization_id,
        resource_id=resource.id,
        resource=_named(resource),
        parent_id=resource.parent.id if resource.parent else None,
        occurred_at=resource.updated_at,
    )


def deleted(resource: Resource, at: datetime) -> ResourceDeleted:
    """Return the fact that `resource` is gone."""
    return ResourceDeleted(
        organization_id=resource.organization_id,
        resource_id=resource.id,
        resource=_named(resource),
        occurred_at=at,
    )


def _named(resource: Resource) -> NamedResource:
    return NamedResource(resource.type, resource.external_id)

"""Facts about roles and grants."""

from datetime import datetime
from uuid import UUID

from domain.kernel.events import Event, event


@event
class RoleCreated(Event):
    """An organization has a new role."""

    type = "access.role.created"

    organization_id: UUID
    role_id: UUID
    name: str
    occurred_at: datetime


@event
class RoleUpdated(Event):
    """A role changed; without an organization it is a system role, which all of them use."""

    type = "access.role.updated"

    organization_id: UUID | None
    role_id: UUID
    name: str
    occurred_at: datetime


@event
class RoleDeleted(Event):
    """A role is gone, and everything that was granted by it."""

    type = "access.role.deleted"

    organization_id: UUID
    role_id: UUID
    name: str
    occurred_at: datetime


@event
class GrantMade(Event):
    """A subject has a role: in the whole organization, or on a resource. `effect` is `allow` or `deny`."""

    type = "access.grant.made"

    organization_id: UUID
    grant_id: UUID
    subject_type: str
    subject_id: UUID
    role_id: UUID
    resource_id: UUID | None
    below: bool
    effect: str
    expires_at: datetime | None
    occurred_at: datetime


@event
class GrantWithdrawn(Event):
    """A grant is gone. Those that merely expire, or whose subject, role or resource goes, are not announced."""

    type = "access.grant.withdrawn"

    organization_id: UUID
    grant_id: UUID
    subject_type: str
    subject_id: UUID
    role_id: UUID
    resource_id: UUID | None
    effect: str
    occurred_at: datetime

"""Facts about organizations."""

from datetime import datetime
from uuid import UUID

from domain.kernel.events import Event, event


@event
class ConfigurationChanged(Event):
    """Another document is in force in a namespace of an organization's configuration.

    The document itself is not told: read it, or compare `digest`, the SHA-256 in hexadecimal of its canonical form
    (RFC 8785), with that of a copy. Values that are marked as somebody's are null in what is hashed.
    """

    type = "organizations.configuration.changed"

    organization_id: UUID
    namespace: str
    configuration_version: int
    digest: str


@event
class OrganizationCreated(Event):
    """There is a new organization."""

    type = "organizations.organization.created"

    organization_id: UUID
    name: str
    slug: str
    created_by: UUID
    occurred_at: datetime


@event
class OrganizationUpdated(Event):
    """An organization changed; the fields say what it is now."""

    type = "organizations.organization.updated"

    organization_id: UUID
    name: str
    slug: str
    occurred_at: datetime


@event
class OrganizationDeleted(Event):
    """An organization is gone, with its members and everything in it; forget what you keep about it."""

    type = "organizations.organization.deleted"

    organization_id: UUID
    occurred_at: datetime


@event
class OwnershipTransferred(Event):
    """An owner of an organization made another member one in their place."""

    type = "organizations.ownership.transferred"

    organization_id: UUID
    from_user_id: UUID
    to_user_id: UUID
    occurred_at: datetime


@event
class MemberAdded(Event):
    """A person became a member of an organization."""

    type = "organizations.member.added"

    organization_id: UUID
    user_id: UUID
    occurred_at: datetime


@event
class MemberRemoved(Event):
    """A person left an organization or was removed from it, and holds nothing in it any more."""

    type = "organizations.member.removed"

    organization_id: UUID
    user_id: UUID
    occurred_at: datetime


@event
class InvitationMade(Event):
    """Somebody was invited to an organization, or once more; what they were sent before counts no more."""

    type = "organizations.invitation.made"

    organization_id: UUID
    invitation_id: UUID
    role_id: UUID
    invited_by: UUID
    expires_at: datetime
    occurred_at: datetime


@event
class InvitationAccepted(Event):
    """Somebody accepted an invitation, which is used up."""

    type = "organizations.invitation.accepted"

    organization_id: UUID
    invitation_id: UUID
    user_id: UUID
    occurred_at: datetime


@event
class InvitationWithdrawn(Event):
    """An invitation can be accepted no more."""

    type = "organizations.invitation.withdrawn"

    organization_id: UUID
    invitation_id: UUID
    occurred_at: datetime

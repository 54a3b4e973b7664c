"""Facts about service accounts."""

from datetime import datetime
from uuid import UUID

from domain.kernel.events import Event, event


@event
class ServiceAccountCreated(Event):
    """An organization has a new service account, to which nothing is granted yet."""

    type = "identity.service_account.created"

    organization_id: UUID
    service_account_id: UUID
    name: str
    description: str
    occurred_at: datetime


@event
class ServiceAccountUpdated(Event):
    """A service account has another name or description; the fields say what they are now."""

    type = "identity.service_account.updated"

    organization_id: UUID
    service_account_id: UUID
    name: str
    description: str
    occurred_at: datetime


@event
class ServiceAccountDeactivated(Event):
    """A service account may do nothing any more, whatever is granted to it."""

    type = "identity.service_account.deactivated"

    organization_id: UUID
    service_account_id: UUID
    occurred_at: datetime


@event
class ServiceAccountReactivated(Event):
    """A service account that was deactivated may do again what is granted to it."""

    type = "identity.service_account.reactivated"

    organization_id: UUID
    service_account_id: UUID
    occurred_at: datetime


@event
class ServiceAccountDeleted(Event):
    """A service account is gone; what was granted to it was withdrawn before."""

    type = "identity.service_account.deleted"

    organization_id: UUID
    service_account_id: UUID
    occurred_at: datetime

"""Facts about webhooks. None holds a secret, and addresses often do: of them it is told only where they lead."""

from datetime import datetime
from uuid import UUID

from domain.kernel.events import Event, event


@event
class WebhookCreated(Event):
    """An organization has its events sent to another address."""

    type = "webhooks.webhook.created"

    organization_id: UUID
    webhook_id: UUID
    url: str
    """Its origin alone, `https://host[:port]`."""
    description: str
    event_types: list[str]
    occurred_at: datetime


@event
class WebhookUpdated(Event):
    """A webhook was changed; the fields say what it is now."""

    type = "webhooks.webhook.updated"

    organization_id: UUID
    webhook_id: UUID
    url: str
    """Its origin alone, `https://host[:port]`."""
    description: str
    event_types: list[str]
    is_enabled: bool
    occurred_at: datetime


@event
class WebhookDeleted(Event):
    """A webhook is gone, with what it was not told yet."""

    type = "webhooks.webhook.deleted"

    organization_id: UUID
    webhook_id: UUID
    occurred_at: datetime


@event
class WebhookDisabled(Event):
    """A webhook is told nothing any more: its endpoint has failed for too long, or said that it is gone."""

    type = "webhooks.webhook.disabled"

    organization_id: UUID
    webhook_id: UUID
    reason: str
    """`failing` or `gone`."""
    occurred_at: datetime


@event
class WebhookSecretRotated(Event):
    """What is sent to a webhook is signed with another secret, and with the one of before for a while."""

    type = "webhooks.webhook.secret_rotated"

    organization_id: UUID
    webhook_id: UUID
    occurred_at: datetime

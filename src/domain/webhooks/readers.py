"""How webhooks are read, without loading what commands change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.kernel.ids import DeliveryId, OrganizationId, WebhookId
from domain.webhooks.schemas import DeliveryInfo, DeliveryState, WebhookInfo


@dataclass(frozen=True, slots=True)
class WebhookPlace:
    """A place in a list of webhooks or of deliveries, the newest first."""

    created_at: datetime
    id: WebhookId | DeliveryId


class WebhookLists(Protocol):
    """Read webhooks as last committed."""

    async def find(self, organization_id: OrganizationId, webhook_id: WebhookId) -> WebhookInfo | None:
        """Return the webhook."""

    async def list(
        self, organization_id: OrganizationId, after: WebhookPlace | None, most: int
    ) -> Sequence[WebhookInfo]:
        """Return up to `most` webhooks behind the place `after`, the newest first."""

    async def deliveries(
        self, webhook_id: WebhookId, state: DeliveryState | None, after: WebhookPlace | None, most: int
    ) -> Sequence[DeliveryInfo]:
        """Return up to `most` deliveries in that state, or in any, behind the place `after`, the newest first."""

"""Where webhooks, and what they are told, are kept."""

from datetime import datetime
from typing import Protocol

from domain.kernel.ids import DeliveryId, OrganizationId, WebhookId
from domain.webhooks.models import Webhook


class Webhooks(Protocol):
    """The webhooks of organizations, in the transaction of the command."""

    async def add(self, webhook: Webhook) -> None:
        """Add `webhook`, to be told of what happens from now on; raise `TooManyWebhooks`, or `OrganizationNotFound`."""

    async def get(self, organization_id: OrganizationId, webhook_id: WebhookId) -> Webhook:
        """Return the webhook, which nobody else changes until the command ends, or raise `WebhookNotFound`."""

    async def keep(self, webhook: Webhook) -> None:
        """Write what changed. One that was disabled and is enabled again has not failed yet."""

    async def remove(self, webhook: Webhook) -> None:
        """Delete `webhook`, and all of its deliveries."""


class Deliveries(Protocol):
    """What a webhook is told again or to try it out, in the transaction of the command."""

    async def test(self, webhook: Webhook, now: datetime) -> DeliveryId:
        """Have `webhook` sent one event `webhooks.test`, once, whether or not it is enabled; return the delivery."""

    async def again(self, webhook: Webhook, delivery_id: DeliveryId) -> None:
        """Have the delivery tried anew; raise `DeliveryNotFound`, or `DeliveryUnderWay`."""

    async def dead_again(self, webhook: Webhook) -> int:
        """Have all dead deliveries tried anew, but for tests; return how many they are."""

    async def since(self, webhook: Webhook, position: int) -> None:
        """Have everything behind `position` in the log told again; raise `PositionAhead`. What waits still waits."""

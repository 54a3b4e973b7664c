"""Try a webhook out."""

from dataclasses import dataclass

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, TooManyRequests
from domain.kernel.ids import DeliveryId, OrganizationId, WebhookId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, interactor, message
from domain.webhooks.errors import WebhookNotFound
from domain.webhooks.repositories import Deliveries, Webhooks
from domain.webhooks.steering import Steering


@dataclass(frozen=True, slots=True)
class Tried:
    """The delivery by which a webhook is tried out; the log says what becomes of it."""

    delivery_id: DeliveryId


@message
class TryWebhook(Command[Tried]):
    """Send an event `webhooks.test` to this webhook alone, once, even if it is disabled.

    Needs `visibility:bypass` too.
    """

    organization_id: OrganizationId
    webhook_id: WebhookId


@interactor(
    access=needs(Permission.WEBHOOKS_WRITE, within="organization_id"),
    raises=(WebhookNotFound, BypassRequired, TooManyRequests),
    audit="webhooks.webhook.try",
)
class TryWebhookInteractor:
    webhooks: Webhooks
    deliveries: Deliveries
    steering: Steering
    clock: Clock

    async def __call__(self, request: TryWebhook, actor: Actor) -> Tried:
        await self.steering.count(actor)
        await self.steering.must_see_all(actor, request.organization_id)
        webhook = await self.webhooks.get(request.organization_id, request.webhook_id)
        return Tried(await self.deliveries.test(webhook, self.clock.now()))

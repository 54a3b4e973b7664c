"""Tell a webhook of one event again."""

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, TooManyRequests
from domain.kernel.ids import DeliveryId, OrganizationId, WebhookId
from domain.kernel.usecases import Command, interactor, message
from domain.webhooks.errors import DeliveryNotFound, DeliveryUnderWay, WebhookNotFound
from domain.webhooks.repositories import Deliveries, Webhooks
from domain.webhooks.steering import Steering


@message
class RedeliverOne(Command[None]):
    """Deliver an event again that was delivered or given up, under the same id. Needs `visibility:bypass` too."""

    organization_id: OrganizationId
    webhook_id: WebhookId
    delivery_id: DeliveryId


@interactor(
    access=needs(Permission.WEBHOOKS_WRITE, within="organization_id"),
    raises=(WebhookNotFound, DeliveryNotFound, DeliveryUnderWay, BypassRequired, TooManyRequests),
    audit="webhooks.delivery.redeliver",
)
class RedeliverOneInteractor:
    webhooks: Webhooks
    deliveries: Deliveries
    steering: Steering

    async def __call__(self, request: RedeliverOne, actor: Actor) -> None:
        await self.steering.count(actor)
        await self.steering.must_see_all(actor, request.organization_id)
        webhook = await self.webhooks.get(request.organization_id, request.webhook_id)
        await self.deliveries.again(webhook, request.delivery_id)

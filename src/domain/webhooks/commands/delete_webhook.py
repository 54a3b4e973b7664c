"""Delete a webhook."""

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, ConcurrentChange, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, WebhookId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.webhooks.errors import WebhookNotFound
from domain.webhooks.events import WebhookDeleted
from domain.webhooks.repositories import Webhooks
from domain.webhooks.steering import Steering


@message
class DeleteWebhook(Command[None]):
    """Delete a webhook, and the log of its deliveries. Needs `visibility:bypass` too."""

    organization_id: OrganizationId
    webhook_id: WebhookId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.WEBHOOKS_WRITE, within="organization_id"),
    raises=(WebhookNotFound, BypassRequired, PreconditionFailed, ConcurrentChange),
    emits=(WebhookDeleted,),
    audit="webhooks.webhook.delete",
)
class DeleteWebhookInteractor:
    webhooks: Webhooks
    steering: Steering
    events: Events
    clock: Clock

    async def __call__(self, request: DeleteWebhook, actor: Actor) -> None:
        await self.steering.must_see_all(actor, request.organization_id)
        webhook = await self.webhooks.get(request.organization_id, request.webhook_id)
        if request.expected_version not in (None, webhook.version):
            raise PreconditionFailed
        await self.webhooks.remove(webhook)
        deleted = WebhookDeleted(
            organization_id=webhook.organization_id, webhook_id=webhook.id, occurred_at=self.clock.now()
        )
        self.events.emit(deleted, of=webhook)

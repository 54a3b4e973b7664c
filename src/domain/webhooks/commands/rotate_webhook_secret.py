"""Sign with another secret."""

from datetime import timedelta
from typing import Annotated

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, ConcurrentChange
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, WebhookId
from domain.kernel.ports import Clock
from domain.kernel.schemas import Range
from domain.kernel.usecases import Command, interactor, message
from domain.webhooks.errors import WebhookNotFound
from domain.webhooks.events import WebhookSecretRotated
from domain.webhooks.ports import WebhookSecrets
from domain.webhooks.repositories import Webhooks
from domain.webhooks.schemas import WebhookSecret
from domain.webhooks.steering import Steering


@message
class RotateWebhookSecret(Command[WebhookSecret]):
    """Sign what is sent to a webhook with a new secret, which the answer alone shows.

    For `overlap_hours` it is signed with the secret of before as well; a third one is forgotten. Needs
    `visibility:bypass` too.
    """

    organization_id: OrganizationId
    webhook_id: WebhookId
    overlap_hours: Annotated[int, Range(0, 168)] = 24


@interactor(
    access=needs(Permission.WEBHOOKS_WRITE, within="organization_id"),
    raises=(WebhookNotFound, BypassRequired, ConcurrentChange),
    emits=(WebhookSecretRotated,),
    audit="webhooks.webhook.rotate_secret",
)
class RotateWebhookSecretInteractor:
    webhooks: Webhooks
    steering: Steering
    secrets: WebhookSecrets
    events: Events
    clock: Clock

    async def __call__(self, request: RotateWebhookSecret, actor: Actor) -> WebhookSecret:
        await self.steering.must_see_all(actor, request.organization_id)
        webhook = await self.webhooks.get(request.organization_id, request.webhook_id)
        made, now = self.secrets.make(webhook.id), self.clock.now()
        overlap = timedelta(hours=request.overlap_hours)
        webhook.previous_secret, webhook.previous_until = (webhook.secret, now + overlap) if overlap else (None, None)
        webhook.secret, webhook.updated_at = made.sealed, now
        rotated = WebhookSecretRotated(organization_id=webhook.organization_id, webhook_id=webhook.id, occurred_at=now)
        self.events.emit(rotated, of=webhook)
        await self.webhooks.keep(webhook)
        return WebhookSecret(webhook.id, made.shown, webhook.version)

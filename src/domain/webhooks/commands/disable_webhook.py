"""Stop telling a webhook anything."""

from typing import Final
from urllib.parse import urlsplit

from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, WebhookId
from domain.kernel.mails import WebhookDisabledMail
from domain.kernel.ports import Clock, Mailer
from domain.kernel.usecases import Command, interactor, message
from domain.webhooks.errors import WebhookNotFound
from domain.webhooks.events import WebhookDisabled
from domain.webhooks.ports import Makers
from domain.webhooks.repositories import Webhooks

WORDS: Final = {
    "failing": "every attempt has failed for days",
    "gone": "the endpoint answered that it is gone (410)",
}


@message
class DisableWebhook(Command[None]):
    """Disable a webhook whose endpoint has failed for too long, or is gone, and mail whoever made it.

    Owners of the organization are mailed if its maker does not belong there any more.
    Repeated, or if somebody was faster, or has corrected the address meanwhile, it changes nothing.
    """

    organization_id: OrganizationId
    webhook_id: WebhookId
    reason: str
    """`failing` or `gone`."""
    url: str
    """The address that was called."""


@interactor(
    access=needs(Permission.WEBHOOKS_WRITE, within="organization_id"),
    raises=(WebhookNotFound, ConcurrentChange),
    emits=(WebhookDisabled,),
    audit="webhooks.webhook.disable",
)
class DisableWebhookInteractor:
    webhooks: Webhooks
    makers: Makers
    events: Events
    mailer: Mailer
    clock: Clock

    async def __call__(self, request: DisableWebhook) -> None:
        webhook = await self.webhooks.get(request.organization_id, request.webhook_id)
        if not webhook.is_enabled or webhook.url != request.url:
            return
        webhook.is_enabled, webhook.disabled_because = False, request.reason
        webhook.updated_at = self.clock.now()
        disabled = WebhookDisabled(
            organization_id=webhook.organization_id,
            webhook_id=webhook.id,
            reason=request.reason,
            occurred_at=webhook.updated_at,
        )
        self.events.emit(disabled, of=webhook)
        await self.webhooks.keep(webhook)
        mail = WebhookDisabledMail(str(webhook.id), urlsplit(webhook.url).hostname or "", WORDS[request.reason])
        for address in await self.makers.addresses(webhook):
            self.mailer.send(address, mail)

"""Change a webhook."""

from dataclasses import replace

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import (
    AddressRefused,
    BypassRequired,
    ConcurrentChange,
    NameInvalid,
    PreconditionFailed,
    TooManyRequests,
)
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, WebhookId
from domain.kernel.ports import Clock
from domain.kernel.schemas import ABSENT, Absent
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.webhooks.errors import EventTypesInvalid, WebhookNotFound
from domain.webhooks.events import WebhookUpdated
from domain.webhooks.models import Webhook, description_of, types_of
from domain.webhooks.repositories import Deliveries, Webhooks
from domain.webhooks.schemas import Description, EventTypes, Url, WebhookInfo
from domain.webhooks.steering import Steering, known_types


@message
class UpdateWebhook(Command[WebhookInfo]):
    """Change where a webhook leads, what it is told of, or whether; what is left out stays.

    One that is enabled again is told everything that it missed and that the log still has, what was given up included.
    Needs `visibility:bypass` too.
    """

    organization_id: OrganizationId
    webhook_id: WebhookId
    url: Url | Absent = ABSENT
    event_types: EventTypes | Absent = ABSENT
    description: Description | Absent = ABSENT
    is_enabled: bool | Absent = ABSENT
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.WEBHOOKS_WRITE, within="organization_id"),
    raises=(
        WebhookNotFound,
        BypassRequired,
        AddressRefused,
        EventTypesInvalid,
        NameInvalid,
        PreconditionFailed,
        ConcurrentChange,
        TooManyRequests,
    ),
    emits=(WebhookUpdated,),
    audit="webhooks.webhook.update",
)
class UpdateWebhookInteractor:
    webhooks: Webhooks
    deliveries: Deliveries
    steering: Steering
    events: Events
    clock: Clock

    async def __call__(self, request: UpdateWebhook, actor: Actor) -> WebhookInfo:
        if not isinstance(request.url, Absent):
            request = replace(request, url=await self.steering.address(actor, request.url))
        await self.steering.must_see_all(actor, request.organization_id)
        webhook = await self.webhooks.get(request.organization_id, request.webhook_id)
        if request.expected_version not in (None, webhook.version):
            raise PreconditionFailed
        was_enabled = webhook.is_enabled
        if _apply(webhook, request):
            webhook.updated_at = self.clock.now()
            updated = WebhookUpdated(
                organization_id=webhook.organization_id,
                webhook_id=webhook.id,
                url=webhook.origin,
                description=webhook.description,
                event_types=webhook.event_types,
                is_enabled=webhook.is_enabled,
                occurred_at=webhook.updated_at,
            )
            self.events.emit(updated, of=webhook)
            await self.webhooks.keep(webhook)
            if webhook.is_enabled and not was_enabled:
                await self.deliveries.dead_again(webhook)
        return webhook.info


def _apply(webhook: Webhook, request: UpdateWebhook) -> bool:
    before = webhook.info
    if not isinstance(request.url, Absent):
        webhook.url = request.url
    if not isinstance(request.event_types, Absent):
        webhook.event_types = types_of(request.event_types, known_types())
    if not isinstance(request.description, Absent):
        webhook.description = description_of(request.description)
    if not isinstance(request.is_enabled, Absent):
        webhook.is_enabled = request.is_enabled
        webhook.disabled_because = webhook.disabled_because if not request.is_enabled else None
    return before != webhook.info

"""Create a webhook."""

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import AddressRefused, BypassRequired, NameInvalid, OrganizationNotFound, TooManyRequests
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, interactor, message
from domain.webhooks.errors import EventTypesInvalid, TooManyWebhooks
from domain.webhooks.events import WebhookCreated
from domain.webhooks.models import Webhook, description_of, types_of
from domain.webhooks.ports import WebhookSecrets
from domain.webhooks.repositories import Webhooks
from domain.webhooks.schemas import Description, EventTypes, Url, WebhookSecret
from domain.webhooks.steering import Steering, known_types


@message
class CreateWebhook(Command[WebhookSecret]):
    """Have an organization's events sent to an address, from now on; of the platform's organization, all events.

    The answer is the only one that shows the secret that requests are signed with. Needs `visibility:bypass` too:
    events carry what walls hide.
    """

    organization_id: OrganizationId
    url: Url
    event_types: EventTypes
    description: Description = ""


@interactor(
    access=needs(Permission.WEBHOOKS_WRITE, within="organization_id"),
    raises=(
        OrganizationNotFound,
        BypassRequired,
        AddressRefused,
        EventTypesInvalid,
        NameInvalid,
        TooManyWebhooks,
        TooManyRequests,
    ),
    emits=(WebhookCreated,),
    audit="webhooks.webhook.create",
)
class CreateWebhookInteractor:
    webhooks: Webhooks
    steering: Steering
    secrets: WebhookSecrets
    events: Events
    clock: Clock

    async def __call__(self, request: CreateWebhook, actor: Actor) -> WebhookSecret:
        description = description_of(request.description)
        types = types_of(request.event_types, known_types())
        url = await self.steering.address(actor, request.url)
        await self.steering.must_see_all(actor, request.organization_id)
        now = self.clock.now()
        webhook = Webhook(
            organization_id=request.organization_id,
            url=url,
            description=description,
            event_types=types,
            secret=b"",
            created_by=actor.user_id,
            created_at=now,
            updated_at=now,
        )
        made = self.secrets.make(webhook.id)
        webhook.secret = made.sealed
        created = WebhookCreated(
            organization_id=webhook.organization_id,
            webhook_id=webhook.id,
            url=webhook.origin,
            description=webhook.description,
            event_types=webhook.event_types,
            occurred_at=now,
        )
        self.events.emit(created, of=webhook)
        await self.webhooks.add(webhook)
        return WebhookSecret(webhook.id, made.shown, webhook.version)

"""Tell a webhook again of what it missed."""

from typing import Annotated

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, TooManyRequests
from domain.kernel.ids import OrganizationId, WebhookId
from domain.kernel.schemas import Range
from domain.kernel.usecases import Command, interactor, message
from domain.webhooks.errors import PositionAhead, WebhookNotFound
from domain.webhooks.repositories import Deliveries, Webhooks
from domain.webhooks.schemas import Redelivered
from domain.webhooks.steering import Steering


@message
class Redeliver(Command[Redelivered]):
    """Deliver everything again that lies behind a position of the log, or without one whatever was given up.

    `after` is a `sequence`, as a number: 0 for all that the log still has. Events keep their ids. Needs
    `visibility:bypass` too.
    """

    organization_id: OrganizationId
    webhook_id: WebhookId
    after: Annotated[int, Range(0, 2**63 - 1)] | None = None


@interactor(
    access=needs(Permission.WEBHOOKS_WRITE, within="organization_id"),
    raises=(WebhookNotFound, PositionAhead, BypassRequired, TooManyRequests),
    audit="webhooks.webhook.redeliver",
)
class RedeliverInteractor:
    webhooks: Webhooks
    deliveries: Deliveries
    steering: Steering

    async def __call__(self, request: Redeliver, actor: Actor) -> Redelivered:
        await self.steering.count(actor)
        await self.steering.must_see_all(actor, request.organization_id)
        webhook = await self.webhooks.get(request.organization_id, request.webhook_id)
        if request.after is None:
            return Redelivered(await self.deliveries.dead_again(webhook))
        await self.deliveries.since(webhook, request.after)
        return Redelivered(None)

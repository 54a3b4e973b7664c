"""List what a webhook was told."""

from domain.access.facade import Clearances
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, CursorInvalid
from domain.kernel.ids import OrganizationId, WebhookId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Limit, Page
from domain.kernel.usecases import Query, interactor, message
from domain.webhooks.errors import WebhookNotFound
from domain.webhooks.paging import opened, page
from domain.webhooks.readers import WebhookLists
from domain.webhooks.schemas import Cursor, DeliveryInfo, DeliveryState


@message
class ListDeliveries(Query[Page[DeliveryInfo]]):
    """List the deliveries to a webhook, the newest first; those that are over are kept for 30 days.

    Needs `visibility:bypass` too: they tell that something happened, to whatever a wall hides.
    """

    organization_id: OrganizationId
    webhook_id: WebhookId
    state: DeliveryState | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@interactor(
    access=needs(Permission.WEBHOOKS_READ, within="organization_id"),
    raises=(WebhookNotFound, BypassRequired, CursorInvalid),
)
class ListDeliveriesInteractor:
    lists: WebhookLists
    clearances: Clearances
    cursors: Cursors

    async def __call__(self, request: ListDeliveries, actor: Actor) -> Page[DeliveryInfo]:
        if not (await self.clearances.eyes(actor, request.organization_id)).bypass:
            raise BypassRequired
        if await self.lists.find(request.organization_id, request.webhook_id) is None:
            raise WebhookNotFound
        scope = ["ListDeliveries", str(request.webhook_id), request.state or ""]
        after = opened(self.cursors, scope, request.cursor)
        found = await self.lists.deliveries(request.webhook_id, request.state, after, request.limit + 1)
        return page(self.cursors, scope, found, request.limit)

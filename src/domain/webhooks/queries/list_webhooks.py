"""List webhooks."""

from domain.kernel.access import Permission, needs
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import OrganizationId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Limit, Page
from domain.kernel.usecases import Query, interactor, message
from domain.webhooks.paging import opened, page
from domain.webhooks.readers import WebhookLists
from domain.webhooks.schemas import Cursor, WebhookInfo


@message
class ListWebhooks(Query[Page[WebhookInfo]]):
    """List the webhooks of an organization, the newest first.

    What is said of an organization's webhooks is said of the platform's under `/auth/webhooks` too.
    """

    organization_id: OrganizationId
    limit: Limit = 50
    cursor: Cursor | None = None


@interactor(access=needs(Permission.WEBHOOKS_READ, within="organization_id"), raises=(CursorInvalid,))
class ListWebhooksInteractor:
    lists: WebhookLists
    cursors: Cursors

    async def __call__(self, request: ListWebhooks) -> Page[WebhookInfo]:
        scope = ["ListWebhooks", str(request.organization_id)]
        after = opened(self.cursors, scope, request.cursor)
        found = await self.lists.list(request.organization_id, after, request.limit + 1)
        return page(self.cursors, scope, found, request.limit)

"""Show a webhook."""

from domain.kernel.access import Permission, needs
from domain.kernel.ids import OrganizationId, WebhookId
from domain.kernel.usecases import Query, interactor, message
from domain.webhooks.errors import WebhookNotFound
from domain.webhooks.readers import WebhookLists
from domain.webhooks.schemas import WebhookInfo


@message
class GetWebhook(Query[WebhookInfo]):
    """Show a webhook, without its secret."""

    organization_id: OrganizationId
    webhook_id: WebhookId


@interactor(access=needs(Permission.WEBHOOKS_READ, within="organization_id"), raises=(WebhookNotFound,))
class GetWebhookInteractor:
    lists: WebhookLists

    async def __call__(self, request: GetWebhook) -> WebhookInfo:
        if webhook := await self.lists.find(request.organization_id, request.webhook_id):
            return webhook
        raise WebhookNotFound

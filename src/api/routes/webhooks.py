"""Webhooks over HTTP."""

from litestar import Router, delete, get, patch, post

from api.endpoint import endpoint
from domain.webhooks.commands.create_webhook import CreateWebhook
from domain.webhooks.commands.delete_webhook import DeleteWebhook
from domain.webhooks.commands.redeliver import Redeliver
from domain.webhooks.commands.redeliver_one import RedeliverOne
from domain.webhooks.commands.rotate_webhook_secret import RotateWebhookSecret
from domain.webhooks.commands.try_webhook import TryWebhook
from domain.webhooks.commands.update_webhook import UpdateWebhook
from domain.webhooks.queries.get_webhook import GetWebhook
from domain.webhooks.queries.list_deliveries import ListDeliveries
from domain.webhooks.queries.list_webhooks import ListWebhooks

WEBHOOKS = "/{organization_id:uuid}/webhooks"
WEBHOOK = f"{WEBHOOKS}/{{webhook_id:uuid}}"
DELIVERIES = f"{WEBHOOK}/deliveries"

webhooks = Router(
    "/auth/organizations",
    route_handlers=[
        endpoint(get, WEBHOOKS, ListWebhooks),
        endpoint(post, WEBHOOKS, CreateWebhook),
        endpoint(get, WEBHOOK, GetWebhook),
        endpoint(patch, WEBHOOK, UpdateWebhook),
        endpoint(delete, WEBHOOK, DeleteWebhook, status=204),
        endpoint(post, f"{WEBHOOK}/secret", RotateWebhookSecret, status=200),
        endpoint(post, f"{WEBHOOK}/test", TryWebhook, status=202),
        endpoint(post, f"{WEBHOOK}/redeliver", Redeliver, status=202),
        endpoint(get, DELIVERIES, ListDeliveries),
        endpoint(post, f"{DELIVERIES}/{{delivery_id:uuid}}/redeliver", RedeliverOne, status=202),
    ],
)

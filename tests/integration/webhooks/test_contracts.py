"""Webhooks on Postgres keep their promises."""

from tests.contracts.webhooks import DeliveriesContract, WebhooksContract


class TestSqlWebhooks(WebhooksContract):
    pass


class TestSqlDeliveries(DeliveriesContract):
    pass

"""Webhooks on Postgres, as the suites and the tests of their delivery use them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from core.clock import SystemClock
from core.postgres.database import Database
from core.postgres.webhooks import SqlDeliveries, SqlWebhookLists, SqlWebhooks
from core.postgres.work import SqlWork
from core.secrets import Sealed
from core.webhooks.signing import SealedSecrets
from domain.kernel.ids import PLATFORM, DeliveryId, OrganizationId, WebhookId, uuid7
from domain.webhooks.models import Webhook
from domain.webhooks.schemas import DeliveryInfo, DeliveryState
from tests.contracts.webhooks import Ports, a_webhook

EMPTY = """
DELETE FROM organizations WHERE slug <> 'platform';
DELETE FROM webhooks;
TRUNCATE outbox, audit_pending, jobs, events, archived_partitions;
UPDATE log_head SET position = 0;
"""
ORGANIZATION = """
INSERT INTO organizations (id, name, slug, created_at, updated_at, version) VALUES ($1, 'Acme', $1::uuid::text, now(), now(), 1)
"""
DELIVERY = """
INSERT INTO webhook_deliveries (id, webhook_id, event_id, position, type, aggregate_id, state, attempts, expires_at)
VALUES ($1, $2, $3, $4, 'identity.user.created', $3, $5, 3, CASE WHEN $5 <> 'waiting' THEN now() END)
"""
CURSOR = "UPDATE webhook_cursors SET position = greatest(position, $2) WHERE webhook_id = $1"
SECRETS = SealedSecrets(Sealed(b"the key that seals webhooks 32 B"))


@dataclass(frozen=True)
class SqlGround:
    database: Database

    @property
    def lists(self) -> SqlWebhookLists:
        return SqlWebhookLists(self.database)

    async def empty(self) -> None:
        await self.run(EMPTY)

    async def run(self, statement: str, *values: Any) -> None:
        """Run a statement."""
        async with self.database.read() as connection:
            await connection.execute(statement, *values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        work = SqlWork(self.database, SystemClock(), b"audit key", lambda _: None)
        try:
            yield Ports(work, SqlWebhooks(work), SqlDeliveries(work))
            await work.commit()
        finally:
            await work.rollback()

    async def organization(self) -> OrganizationId:
        made = OrganizationId(uuid7())
        await self.run(ORGANIZATION, made)
        return made

    async def delivery(self, webhook: Webhook, state: DeliveryState, position: int | None) -> DeliveryId:
        made = DeliveryId(uuid7())
        await self.run(DELIVERY, made, webhook.id, uuid7(), position, state)
        await self.run(CURSOR, webhook.id, position or 0)
        return made

    async def webhook(
        self, url: str, *types: str, where: OrganizationId = PLATFORM, **more: Any
    ) -> tuple[Webhook, str]:
        """Return a webhook, and the secret that is shown of it."""
        webhook_id = WebhookId(uuid7())
        secret = SECRETS.make(webhook_id)
        made = a_webhook(
            where, id=webhook_id, url=url, secret=secret.sealed, **{"event_types": [*types] or ["*"], **more}
        )
        async with self.transaction() as ports:
            await ports.webhooks.add(made)
        return made, secret.shown

    async def told(self, webhook: Webhook, state: DeliveryState | None = None) -> list[DeliveryInfo]:
        """Return the deliveries to a webhook, the newest first."""
        return [*await self.lists.deliveries(webhook.id, state, None, 5000)]


def nodes(plan: Any) -> list[Any]:
    """Return the nodes of a plan, as `EXPLAIN (FORMAT JSON)` tells it."""
    return [plan, *(found for each in plan.get("Plans", ()) for found in nodes(each))]

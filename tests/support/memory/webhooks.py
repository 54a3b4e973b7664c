"""Webhooks in memory; nobody is told anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.identity.models import User
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import PLATFORM, DeliveryId, OrganizationId, WebhookId, uuid7
from domain.webhooks.errors import (
    DeliveryNotFound,
    DeliveryUnderWay,
    PositionAhead,
    TooManyWebhooks,
    WebhookNotFound,
)
from domain.webhooks.models import MOST_WEBHOOKS, Webhook
from domain.webhooks.ports import Makers
from domain.webhooks.readers import WebhookLists, WebhookPlace
from domain.webhooks.repositories import Deliveries, Webhooks
from domain.webhooks.schemas import DeliveryInfo, DeliveryState, WebhookInfo
from tests.support.memory.configuration import exists
from tests.support.memory.grants import MemoryGrants
from tests.support.memory.identity import USERS
from tests.support.memory.store import Memory
from tests.support.memory.tables import MEMBERSHIPS
from tests.support.memory.work import MemoryWork

WEBHOOKS = "webhooks"
"""By id."""
CURSORS = "webhook_cursors"
"""Positions, by webhook."""
DELIVERIES = "webhook_deliveries"
"""By id."""


@dataclass
class Delivery:
    """A row of a delivery."""

    info: DeliveryInfo
    webhook_id: WebhookId


@dataclass(frozen=True, slots=True)
class MemoryWebhooks(Webhooks):
    work: MemoryWork

    async def add(self, webhook: Webhook) -> None:
        tables = await self.work.begin()
        if not exists(tables.memory, webhook.organization_id):
            raise OrganizationNotFound
        there = [each for each in tables.table(WEBHOOKS).values() if each.organization_id == webhook.organization_id]
        if len(there) >= MOST_WEBHOOKS:
            raise TooManyWebhooks
        tables.table(WEBHOOKS).put(webhook.id, webhook)
        tables.table(CURSORS).put(webhook.id, len(tables.memory.published))

    async def get(self, organization_id: OrganizationId, webhook_id: WebhookId) -> Webhook:
        webhook: Webhook | None = (await self.work.begin()).table(WEBHOOKS).get(webhook_id)
        if webhook is None or webhook.organization_id != organization_id:
            raise WebhookNotFound
        return webhook

    async def keep(self, webhook: Webhook) -> None:
        await self.work.begin()

    async def remove(self, webhook: Webhook) -> None:
        tables = await self.work.begin()
        tables.table(WEBHOOKS).remove(webhook.id)
        for each in tables.table(DELIVERIES).values():
            if each.webhook_id == webhook.id:
                tables.table(DELIVERIES).remove(each.info.id)


@dataclass(frozen=True, slots=True)
class MemoryDeliveries(Deliveries):
    work: MemoryWork

    async def test(self, webhook: Webhook, now: datetime) -> DeliveryId:
        made = DeliveryId(uuid7())
        tables = await self.work.begin()
        tables.table(DELIVERIES).put(made, Delivery(waiting(made, "webhooks.test", None, now), webhook.id))
        return made

    async def again(self, webhook: Webhook, delivery_id: DeliveryId) -> None:
        tables = await self.work.begin()
        row: Delivery | None = tables.table(DELIVERIES).get(delivery_id)
        if row is None or row.webhook_id != webhook.id:
            raise DeliveryNotFound
        if row.info.state is DeliveryState.WAITING:
            raise DeliveryUnderWay
        self._anew(row)

    async def dead_again(self, webhook: Webhook) -> int:
        rows: list[Delivery] = (await self.work.begin()).table(DELIVERIES).values()
        dead = [
            each
            for each in rows
            if each.webhook_id == webhook.id
            and each.info.state is DeliveryState.DEAD
            and each.info.position is not None
        ]
        for each in dead:
            self._anew(each)
        return len(dead)

    async def since(self, webhook: Webhook, position: int) -> None:
        tables = await self.work.begin()
        if position > tables.table(CURSORS).get(webhook.id):
            raise PositionAhead
        tables.table(CURSORS).put(webhook.id, position)

    def _anew(self, row: Delivery) -> None:
        made = waiting(row.info.id, row.info.type, row.info.position, row.info.created_at)
        row.info = DeliveryInfo(
            **{each: getattr(made, each) for each in DeliveryInfo.__slots__}
            | {
                "event_id": row.info.event_id,
                "status": row.info.status,
                "reason": row.info.reason,
                "milliseconds": row.info.milliseconds,
                "attempted_at": row.info.attempted_at,
                "next_at": self.work.clock.now(),
            }
        )


@dataclass(frozen=True, slots=True)
class MemoryMakers(Makers):
    work: MemoryWork

    async def addresses(self, webhook: Webhook) -> Sequence[str]:
        tables, where, maker = await self.work.begin(), webhook.organization_id, webhook.created_by
        places = {each.organization_id for each in tables.table(MEMBERSHIPS).values() if each.user_id == maker}
        if where in {PLATFORM, *places} and (found := _reached(tables.table(USERS).get(maker))):
            return found
        owners = {} if where == PLATFORM else await MemoryGrants(self.work).keepers(where)
        return [address for each in owners for address in _reached(tables.table(USERS).get(each))]


@dataclass(frozen=True, slots=True)
class MemoryWebhookLists(WebhookLists):
    memory: Memory

    async def find(self, organization_id: OrganizationId, webhook_id: WebhookId) -> WebhookInfo | None:
        webhook: Webhook | None = self.memory.table(WEBHOOKS).get(webhook_id)
        return webhook.info if webhook and webhook.organization_id == organization_id else None

    async def list(
        self, organization_id: OrganizationId, after: WebhookPlace | None, most: int
    ) -> Sequence[WebhookInfo]:
        every: list[Webhook] = [*self.memory.table(WEBHOOKS).values()]
        infos = [each.info for each in every if each.organization_id == organization_id]
        return sorted(
            (each for each in infos if _behind(each, after)), key=lambda each: (each.created_at, each.id), reverse=True
        )[:most]

    async def deliveries(
        self, webhook_id: WebhookId, state: DeliveryState | None, after: WebhookPlace | None, most: int
    ) -> Sequence[DeliveryInfo]:
        every: list[Delivery] = [*self.memory.table(DELIVERIES).values()]
        infos = [each.info for each in every if each.webhook_id == webhook_id and state in {None, each.info.state}]
        return sorted(
            (each for each in infos if _behind(each, after)), key=lambda each: (each.created_at, each.id), reverse=True
        )[:most]


def _reached(user: User | None) -> list[str]:
    return [str(user.email)] if user and user.is_active and user.email else []


def waiting(delivery_id: DeliveryId, kind: str, position: int | None, now: datetime) -> DeliveryInfo:
    """Return a delivery that was not tried yet."""
    return DeliveryInfo(
        id=delivery_id,
        event_id=uuid7(),
        type=kind,
        position=position,
        state=DeliveryState.WAITING,
        attempts=0,
        status=None,
        reason=None,
        milliseconds=None,
        created_at=now,
        attempted_at=None,
        next_at=now,
    )


def _behind(each: WebhookInfo | DeliveryInfo, after: WebhookPlace | None) -> bool:
    return after is None or (each.created_at, each.id) < (after.created_at, after.id)

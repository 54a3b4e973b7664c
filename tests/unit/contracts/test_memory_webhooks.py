"""Webhooks in memory keep the promises of the real ones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from domain.kernel.ids import DeliveryId, OrganizationId, uuid7
from domain.webhooks.models import Webhook
from domain.webhooks.schemas import DeliveryState
from tests.contracts.webhooks import DeliveriesContract, Ports, WebhooksContract
from tests.support.memory.belonging import add_organization
from tests.support.memory.ports import MovableClock
from tests.support.memory.store import Memory
from tests.support.memory.webhooks import (
    CURSORS,
    DELIVERIES,
    Delivery,
    MemoryDeliveries,
    MemoryWebhookLists,
    MemoryWebhooks,
    waiting,
)
from tests.support.memory.work import MemoryWork


@dataclass
class MemoryGround:
    memory: Memory = field(default_factory=Memory)
    clock: MovableClock = field(default_factory=MovableClock)

    def __post_init__(self) -> None:
        self.lists = MemoryWebhookLists(self.memory)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        work = MemoryWork(self.memory, self.clock)
        try:
            yield Ports(work, MemoryWebhooks(work), MemoryDeliveries(work))
            await work.commit()
        finally:
            await work.rollback()

    async def organization(self) -> OrganizationId:
        return add_organization(self.memory)

    async def delivery(self, webhook: Webhook, state: DeliveryState, position: int | None) -> DeliveryId:
        self.clock.pass_by(timedelta(seconds=1))
        made = waiting(DeliveryId(uuid7()), "identity.user.created", position, self.clock.now())
        over = made if state is DeliveryState.WAITING else replace(made, state=state, attempts=3, next_at=None)
        self.memory.table(DELIVERIES)[made.id] = Delivery(over, webhook.id)
        cursors = self.memory.table(CURSORS)
        cursors[webhook.id] = max(cursors[webhook.id], position or 0)
        return made.id


@pytest.fixture
def ground() -> MemoryGround:
    return MemoryGround()


class TestMemoryWebhooks(WebhooksContract):
    pass


class TestMemoryDeliveries(DeliveriesContract):
    pass

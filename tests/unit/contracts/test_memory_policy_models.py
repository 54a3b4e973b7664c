"""Policy models in memory keep the promises of the port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from domain.access.policies.ports import PolicyModels, PolicyReader
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, uuid7
from tests.contracts.policy_models import PolicyModelsContract
from tests.support.memory.configuration import ORGANIZATIONS
from tests.support.memory.policies import MemoryPolicyModels, MemoryPolicyReader
from tests.support.memory.ports import MovableClock
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork


@dataclass
class MemoryShelf:
    memory: Memory = field(default_factory=Memory)
    organization_id: OrganizationId = field(default_factory=lambda: OrganizationId(uuid7()))

    def __post_init__(self) -> None:
        self.memory.table(ORGANIZATIONS)[self.organization_id] = SimpleNamespace(id=self.organization_id)
        self.reader: PolicyReader = MemoryPolicyReader(self.memory)

    @asynccontextmanager
    async def command(self) -> AsyncIterator[tuple[PolicyModels, Events]]:
        work = MemoryWork(self.memory, MovableClock())
        try:
            yield MemoryPolicyModels(work), work
            await work.commit()
        finally:
            await work.rollback()


@pytest.fixture
def shelf() -> MemoryShelf:
    return MemoryShelf()


class TestMemoryPolicyModels(PolicyModelsContract):
    """As the tests of use cases have them."""

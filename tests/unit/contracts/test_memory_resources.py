"""Resources in memory keep the promises of the real ones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from domain.kernel.ids import OrganizationId, UserId, uuid7
from tests.contracts.resources import Ports, ResourcesContract
from tests.support.memory.configuration import ORGANIZATIONS
from tests.support.memory.ports import MovableClock
from tests.support.memory.resources import (
    MemoryBelonging,
    MemoryResourceReader,
    MemoryResources,
)
from tests.support.memory.sight import Unhindered
from tests.support.memory.store import Memory
from tests.support.memory.tables import MEMBERSHIPS, RESOURCES, SERVICE_ACCOUNTS, TEAMS
from tests.support.memory.work import MemoryWork


@dataclass(frozen=True)
class Row:
    id: UUID
    organization_id: OrganizationId
    user_id: UserId | None = None


@dataclass
class MemoryGround:
    memory: Memory = field(default_factory=Memory)
    organization_id: OrganizationId = field(default_factory=lambda: OrganizationId(uuid7()))
    other_id: OrganizationId = field(default_factory=lambda: OrganizationId(uuid7()))

    def __post_init__(self) -> None:
        self.memory.table(ORGANIZATIONS).update({self.organization_id: True, self.other_id: True})

    @property
    def reader(self) -> MemoryResourceReader:
        return MemoryResourceReader(self.memory, Unhindered())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        work = MemoryWork(self.memory, MovableClock())
        try:
            yield Ports(MemoryResources(work), MemoryBelonging(work))
            await work.commit()
        finally:
            await work.rollback()

    async def member(self, organization_id: OrganizationId) -> UserId:
        user_id = UserId(uuid7())
        self.memory.table(MEMBERSHIPS)[organization_id, user_id] = Row(user_id, organization_id, user_id)
        return user_id

    async def team(self, organization_id: OrganizationId) -> UUID:
        team_id = uuid7()
        self.memory.table(TEAMS)[team_id] = Row(team_id, organization_id)
        return team_id

    async def account(self, organization_id: OrganizationId) -> UUID:
        account_id = uuid7()
        self.memory.table(SERVICE_ACCOUNTS)[account_id] = Row(account_id, organization_id)
        return account_id

    async def leave(self, organization_id: OrganizationId, user_id: UserId) -> None:
        del self.memory.table(MEMBERSHIPS)[organization_id, user_id]
        for each in self.memory.table(RESOURCES).values():
            if each.organization_id == organization_id and each.owner_id == user_id:
                each.owner_id = None


@pytest.fixture
def ground() -> MemoryGround:
    return MemoryGround()


class TestMemoryResources(ResourcesContract):
    pass

"""The adapters in memory keep the promises of the ports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, UserId, uuid7
from domain.organizations.ports import ConfigurationReader
from domain.organizations.repositories import ConfigurationHeads
from tests.contracts.configuration_bodies import ConfigurationBodiesContract
from tests.contracts.configuration_heads import ConfigurationHeadsContract
from tests.support.memory.configuration import (
    MENTIONS,
    ORGANIZATIONS,
    MemoryConfigurationBodies,
    MemoryConfigurationHeads,
    MemoryConfigurationReader,
)
from tests.support.memory.identity import USERS
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork
from tests.unit.organizations.conftest import MovableClock


class TestMemoryConfigurationBodies(ConfigurationBodiesContract):
    @pytest.fixture
    def bodies(self) -> MemoryConfigurationBodies:
        return MemoryConfigurationBodies(Memory())


@dataclass
class MemoryLedger:
    memory: Memory = field(default_factory=Memory)
    organization_id: OrganizationId = field(default_factory=lambda: OrganizationId(uuid7()))

    def __post_init__(self) -> None:
        self.memory.table(ORGANIZATIONS)[self.organization_id] = True
        self.reader: ConfigurationReader = MemoryConfigurationReader(self.memory)

    @asynccontextmanager
    async def command(self) -> AsyncIterator[tuple[ConfigurationHeads, Events]]:
        work = MemoryWork(self.memory, MovableClock())
        yield MemoryConfigurationHeads(work), work
        await work.commit()

    async def person(self) -> UserId:
        made = UserId(uuid7())
        self.memory.table(USERS)[made] = made
        return made

    async def mentions(self, user_id: UserId) -> list[int]:
        return sorted(version for person, _, version in self.memory.table(MENTIONS) if person == user_id)


class TestMemoryConfigurationHeads(ConfigurationHeadsContract):
    @pytest.fixture
    def ledger(self) -> MemoryLedger:
        return MemoryLedger()

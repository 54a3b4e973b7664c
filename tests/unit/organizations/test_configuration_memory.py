"""The adapters in memory keep the promises of the ports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, uuid7
from domain.organizations.repositories import ConfigurationHeads
from tests.contracts.configuration_bodies import ConfigurationBodiesContract
from tests.contracts.configuration_heads import ConfigurationHeadsContract
from tests.support.memory.configuration import (
    MemoryConfiguration,
    MemoryConfigurationBodies,
    MemoryConfigurationHeads,
    MemoryConfigurationReader,
)
from tests.unit.organizations.conftest import Emitted


class TestMemoryConfigurationBodies(ConfigurationBodiesContract):
    @pytest.fixture
    def bodies(self) -> MemoryConfigurationBodies:
        return MemoryConfigurationBodies(MemoryConfiguration())


@dataclass
class MemoryLedger:
    store: MemoryConfiguration = field(default_factory=MemoryConfiguration)
    organization_id: OrganizationId = field(default_factory=lambda: OrganizationId(uuid7()))

    def __post_init__(self) -> None:
        self.store.organizations.add(self.organization_id)
        self.reader = MemoryConfigurationReader(self.store)

    @asynccontextmanager
    async def command(self) -> AsyncIterator[tuple[ConfigurationHeads, Events]]:
        yield MemoryConfigurationHeads(self.store), Emitted()


class TestMemoryConfigurationHeads(ConfigurationHeadsContract):
    @pytest.fixture
    def ledger(self) -> MemoryLedger:
        return MemoryLedger()

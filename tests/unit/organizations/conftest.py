"""The organizations' use cases on ports in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.kernel.access import Actor
from domain.kernel.ids import PLATFORM, OrganizationId, SessionId, UserId, uuid7
from domain.kernel.ports import Clock
from domain.organizations.collecting import ConfigurationCleaner
from domain.organizations.commands.put_configuration import PutConfiguration, PutConfigurationInteractor
from domain.organizations.models import Body
from domain.organizations.ports import ConfigurationBodies
from domain.organizations.queries.get_configuration import GetConfiguration, GetConfigurationInteractor
from domain.organizations.schemas import Configuration
from domain.organizations.speaking import Speaking
from tests.support.memory.configuration import (
    BODIES,
    MemoryConfigurationBodies,
    MemoryConfigurationHeads,
    MemoryConfigurationReader,
)
from tests.support.memory.events import AllSeeing
from tests.support.memory.organizations import MemoryMemberReader
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork

SOMEBODY = Actor(UserId(uuid7()), SessionId(uuid7()), None, 0)
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class MovableClock(Clock):
    time: datetime = NOW

    def now(self) -> datetime:
        return self.time

    def move(self, by: timedelta) -> None:
        self.time += by


@dataclass
class Organizations:
    """Everything a test of this capability touches."""

    memory: Memory = field(default_factory=Memory)
    clock: MovableClock = field(default_factory=MovableClock)
    bodies: ConfigurationBodies = field(init=False)

    def __post_init__(self) -> None:
        self.bodies = MemoryConfigurationBodies(self.memory)
        self.reader = MemoryConfigurationReader(self.memory)

    async def put(
        self,
        body: dict[str, Any],
        expected_version: int | None = None,
        *,
        namespace: str = "theme",
        organization_id: OrganizationId = PLATFORM,
    ) -> Configuration:
        work = MemoryWork(self.memory, self.clock)
        heads = MemoryConfigurationHeads(work)
        speaking = Speaking(MemoryMemberReader(self.memory), AllSeeing())
        answer = PutConfigurationInteractor(self.reader, self.bodies, heads, speaking, work, self.clock)
        message = PutConfiguration(
            organization_id=organization_id, namespace=namespace, body=body, expected_version=expected_version
        )
        try:
            put = await answer(message, SOMEBODY)
            await work.commit()
        finally:
            await work.rollback()
        return put

    async def get(self, namespace: str = "theme", organization_id: OrganizationId = PLATFORM) -> Configuration:
        answer = GetConfigurationInteractor(self.reader, self.bodies)
        return await answer(GetConfiguration(organization_id=organization_id, namespace=namespace))

    @property
    def cleaner(self) -> ConfigurationCleaner:
        return ConfigurationCleaner(self.bodies, self.reader, self.clock)

    @property
    def stored(self) -> dict[UUID, Body]:
        return self.memory.table(BODIES)

    @property
    def announced(self) -> list[tuple[str, int, dict[str, Any]]]:
        """The type of each fact, the version it brought its aggregate to, and its data."""
        return [(fact.type, fact.aggregate_version, fact.data) for fact in self.memory.published]


@pytest.fixture
def organizations() -> Organizations:
    return Organizations()

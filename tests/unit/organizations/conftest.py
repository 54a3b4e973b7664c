"""The organizations' use cases on ports in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.kernel.events import Aggregate, Event, Events
from domain.kernel.ids import PLATFORM, OrganizationId
from domain.kernel.ports import Clock
from domain.kernel.revocation import Marker
from domain.organizations.collecting import ConfigurationCleaner
from domain.organizations.commands.put_configuration import PutConfiguration, PutConfigurationInteractor
from domain.organizations.ports import ConfigurationBodies
from domain.organizations.queries.get_configuration import GetConfiguration, GetConfigurationInteractor
from domain.organizations.schemas import Configuration
from tests.support.memory.configuration import (
    MemoryConfiguration,
    MemoryConfigurationBodies,
    MemoryConfigurationHeads,
    MemoryConfigurationReader,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class Emitted(Events):
    """What was announced, with the version it brought its aggregate to."""

    facts: list[tuple[Event, int]] = field(default_factory=list)

    def emit(self, event: Event, of: Aggregate, revokes: Sequence[Marker] = ()) -> None:
        of.version += 1
        self.facts.append((event, of.version))


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

    store: MemoryConfiguration = field(default_factory=MemoryConfiguration)
    emitted: Emitted = field(default_factory=Emitted)
    clock: MovableClock = field(default_factory=MovableClock)
    bodies: ConfigurationBodies = field(init=False)

    def __post_init__(self) -> None:
        self.bodies = MemoryConfigurationBodies(self.store)
        self.reader = MemoryConfigurationReader(self.store)

    async def put(
        self,
        body: dict[str, Any],
        expected_version: int | None = None,
        *,
        namespace: str = "theme",
        organization_id: OrganizationId = PLATFORM,
    ) -> Configuration:
        heads = MemoryConfigurationHeads(self.store)
        answer = PutConfigurationInteractor(self.reader, self.bodies, heads, self.emitted, self.clock)
        return await answer(
            PutConfiguration(
                organization_id=organization_id, namespace=namespace, body=body, expected_version=expected_version
            )
        )

    async def get(self, namespace: str = "theme", organization_id: OrganizationId = PLATFORM) -> Configuration:
        answer = GetConfigurationInteractor(self.reader, self.bodies)
        return await answer(GetConfiguration(organization_id=organization_id, namespace=namespace))

    @property
    def cleaner(self) -> ConfigurationCleaner:
        return ConfigurationCleaner(self.bodies, self.reader, self.clock)


@pytest.fixture
def organizations() -> Organizations:
    return Organizations()

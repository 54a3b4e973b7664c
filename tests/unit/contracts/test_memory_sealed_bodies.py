"""The store in memory, sealed as the service seals it."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest

from core.sealed_documents import SealedBodies
from domain.kernel.ids import UserId, uuid7
from tests.contracts.configuration_bodies import ConfigurationBodiesContract
from tests.contracts.sealed_bodies import CountedSalts, SealedBodiesContract
from tests.support.memory.configuration import (
    BODIES,
    PEOPLE,
    SALTS,
    MemoryConfigurationBodies,
    MemorySalts,
    sealed_bodies,
)
from tests.support.memory.identity import USERS
from tests.support.memory.store import Memory


@dataclass
class MemorySealed:
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        self.salts = CountedSalts(MemorySalts(self.memory))
        self.store = MemoryConfigurationBodies(self.memory)
        self.bodies = SealedBodies(self.store, PEOPLE, self.salts)

    async def person(self) -> UserId:
        made = UserId(uuid7())
        self.memory.table(USERS)[made] = made
        return made

    async def erase(self, user_id: UserId) -> None:
        del self.memory.table(USERS)[user_id]
        self.memory.table(SALTS).pop(user_id, None)

    async def raw(self, body_id: UUID) -> str:
        return str(self.memory.table(BODIES)[body_id].document.text)

    def salts_asked(self) -> int:
        return self.salts.asked


class TestMemorySealedBodies(SealedBodiesContract):
    @pytest.fixture
    def sealed(self) -> MemorySealed:
        return MemorySealed()


class TestSealedBodiesWithoutMarks(ConfigurationBodiesContract):
    @pytest.fixture
    def bodies(self) -> SealedBodies:
        return sealed_bodies(Memory())

"""States in memory keep the contract."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest

from domain.events.schemas import Thing
from domain.kernel.ids import OrganizationId, uuid7
from tests.contracts.states import StatesContract
from tests.support.memory.states import MemoryStates


@dataclass
class MemoryWorld:
    states: MemoryStates = field(default_factory=MemoryStates)

    async def user(self, version: int) -> UUID:
        made = uuid7()
        self.states.put(Thing("user", str(made), version, None, {}))
        return made

    async def team(self, version: int) -> tuple[UUID, OrganizationId]:
        made, organization = uuid7(), OrganizationId(uuid7())
        self.states.put(Thing("team", str(made), version, str(organization), {}))
        return made, organization

    async def member(self, team: UUID, organization: OrganizationId) -> UUID:
        made, whole = uuid7(), self.states.kept["team"][str(team)]
        self.states.put(Thing("team_member", f"{team}/{made}", whole.version, str(organization), {}))
        return made

    async def waits(self, user: UUID, *versions: int) -> None:
        self.states.waiting.setdefault("user", []).extend((str(user), version) for version in versions)

    async def gone(self, user: UUID) -> None:
        del self.states.kept["user"][str(user)]


class TestMemoryStates(StatesContract):
    @pytest.fixture
    def world(self) -> MemoryWorld:
        return MemoryWorld()

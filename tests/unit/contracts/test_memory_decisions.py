"""Decisions from parts in memory, which unit tests are about, keep the promises of the port."""

from dataclasses import dataclass, field

import pytest

from core.access.decisions import EngineDecisions
from core.access.engine import AccessEngine
from domain.access.ports import Decisions
from domain.kernel.consistency import ConsistencyToken
from tests.contracts.decisions import Change, DecisionsContract
from tests.support.access.lists import MemoryAccessLists
from tests.support.access.parts import MemoryParts
from tests.support.access.worlds import World


@dataclass
class MemoryGround:
    parts: MemoryParts = field(default_factory=lambda: MemoryParts(World()))
    decisions: Decisions = field(init=False)

    def __post_init__(self) -> None:
        self.decisions = EngineDecisions(AccessEngine(self.parts), MemoryAccessLists(self.parts))

    async def change(self, change: Change) -> ConsistencyToken:
        def changed(world: World) -> World:
            change(world)
            return world

        return self.parts.commit(self.parts.begin(), changed)


@pytest.fixture
def ground() -> MemoryGround:
    return MemoryGround()


class TestMemoryDecisions(DecisionsContract):
    pass

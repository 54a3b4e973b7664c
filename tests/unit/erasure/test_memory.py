"""Erasures in memory keep what erasures promise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.contracts.erasures import ErasurePorts, ErasuresContract
from tests.support.memory.erasures import MemoryErasureLists, MemoryErasures
from tests.support.memory.identity import MemoryUsers
from tests.support.memory.ports import MovableClock
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork


@dataclass(frozen=True)
class MemoryErasureGround:
    memory: Memory = field(default_factory=Memory)

    @property
    def lists(self) -> MemoryErasureLists:
        return MemoryErasureLists(self.memory)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ErasurePorts]:
        work = MemoryWork(self.memory, MovableClock())
        try:
            yield ErasurePorts(work, MemoryUsers(work), MemoryErasures(work))
            await work.commit()
        finally:
            await work.rollback()


class TestMemoryErasures(ErasuresContract):
    @pytest.fixture
    def erasures(self) -> MemoryErasureGround:
        return MemoryErasureGround()

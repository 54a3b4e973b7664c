"""Signing keys in memory keep the promises of the port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from domain.keys.policies import KeyPolicy
from domain.keys.ports import KeyLists
from domain.keys.repositories import SigningKeys
from tests.contracts.signing_keys import SigningKeysContract
from tests.support.memory.keys import MemoryKeyLists, MemorySigningKeys
from tests.support.memory.ports import MovableClock
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork


@dataclass
class MemoryCabinet:
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        self.lists: KeyLists = MemoryKeyLists(self.memory, MovableClock(), KeyPolicy())

    @asynccontextmanager
    async def command(self) -> AsyncIterator[SigningKeys]:
        work = MemoryWork(self.memory, MovableClock())
        try:
            yield MemorySigningKeys(work)
            await work.commit()
        finally:
            await work.rollback()


@pytest.fixture
def cabinet() -> MemoryCabinet:
    return MemoryCabinet()


class TestMemorySigningKeys(SigningKeysContract):
    """As the tests of use cases have them."""

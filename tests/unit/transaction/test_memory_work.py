"""The transaction in memory keeps the promises of the real one."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from core.idempotency import Idempotency
from domain.kernel.revocation import Marker
from tests.contracts.idempotency import IdempotencyContract
from tests.contracts.transaction import ORIGIN, TRACE, Heard, NameTaken, StoppedClock, Thing, Things, Work
from tests.contracts.unit_of_work import UnitOfWorkContract
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryIdempotency, MemoryWork


@dataclass
class MemoryThings(Things):
    work: MemoryWork

    async def add(self, thing: Thing) -> None:
        things = (await self.work.begin()).table("things")
        if any(thing.name == other.name for other in things.values()):
            raise NameTaken
        things.put(thing.id, thing)

    async def get(self, thing_id: UUID) -> Thing | None:
        found: Thing | None = (await self.work.begin()).table("things").get(thing_id)
        return found


@dataclass
class MemoryGround:
    memory: Memory = field(default_factory=Memory)
    heard: Heard = field(default_factory=Heard)

    def work(self) -> MemoryWork:
        return MemoryWork(self.memory, StoppedClock(), self.heard.committed, TRACE, ORIGIN)

    def things(self, work: Work) -> Things:
        assert isinstance(work, MemoryWork)
        return MemoryThings(work)

    def keys(self, work: Work) -> Idempotency:
        assert isinstance(work, MemoryWork)
        return MemoryIdempotency(work)

    def connected(self, work: Work) -> bool:
        assert isinstance(work, MemoryWork)
        return work.begun

    async def facts(self) -> list[dict[str, Any]]:
        return [_read(fact) for fact in self.memory.published]

    async def entries(self) -> list[dict[str, Any]]:
        return [_read(entry) for entry in self.memory.audited]

    async def jobs(self) -> list[dict[str, Any]]:
        return [{"name": job.name, "payload": job.payload} for job in self.memory.jobs]

    async def markers(self) -> dict[tuple[str, str], Marker]:
        return self.memory.revocations


def _read(row: Any) -> dict[str, Any]:
    read: dict[str, Any] = msgspec.to_builtins(row, builtin_types=(datetime, UUID))
    return {name: value for name, value in read.items() if name not in {"id", "personal", "person"}}


@pytest.fixture
def ground() -> MemoryGround:
    return MemoryGround()


class TestMemoryWork(UnitOfWorkContract):
    pass


class TestMemoryIdempotency(IdempotencyContract):
    pass

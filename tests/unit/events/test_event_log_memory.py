"""The log in memory keeps the contract."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import pytest

from domain.kernel.ids import uuid7
from tests.contracts.event_log import EventLogContract
from tests.support.builders.events import THEN, renamed
from tests.support.memory.events import MemoryEventLog


@dataclass
class MemoryLedger:
    log: MemoryEventLog = field(default_factory=MemoryEventLog)

    async def state(
        self,
        aggregate: UUID,
        version: int,
        what: str = "identity.user.renamed",
        organization: UUID | None = None,
        at: datetime | None = None,
    ) -> UUID:
        event = renamed(aggregate, version, what, organization, at or THEN)
        await self.log.append(event)
        return UUID(event["id"])

    async def drop(self, oldest: int) -> None:
        self.log.dropped = oldest

    async def restore(self) -> None:
        self.log.log = uuid7()


class TestMemoryEventLog(EventLogContract):
    @pytest.fixture
    def ledger(self) -> MemoryLedger:
        return MemoryLedger()

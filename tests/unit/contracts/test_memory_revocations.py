"""The double in memory keeps the promises of a log of revocations."""

import msgspec
import pytest

from core.postgres.flush import Fact
from domain.kernel.ids import uuid7
from domain.sessions.schemas import Revocation
from tests.contracts.revocation_log import Bench, RevocationLogContract
from tests.support.memory.store import Memory
from tests.support.memory.tokens import MemoryRevocationLog


class MemoryBench(Bench):
    log: MemoryRevocationLog

    def __init__(self) -> None:
        self.log = MemoryRevocationLog(Memory())

    async def revoke(self, session: str) -> Revocation:
        made = Revocation("session", session, cutoff=2.0**33)
        self._publish([msgspec.to_builtins(made)])
        return made

    async def remark(self) -> None:
        self._publish(None)

    async def number(self) -> None:
        self.log.unnumbered = 0

    def learn(self) -> None:
        self.log.bell.ring()

    def _publish(self, revokes: list[dict[str, object]] | None) -> None:
        fact = Fact("session", uuid7(), 1, "sessions.session.revoked", 1, {}, None, None, revokes)
        self.log.memory.published.append(fact)
        self.log.unnumbered += 1


class TestMemoryRevocationLog(RevocationLogContract):
    @pytest.fixture
    def bench(self) -> Bench:
        return MemoryBench()

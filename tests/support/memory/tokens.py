"""What is told of revoked tokens, and of single ones, in memory."""

import asyncio
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

import msgspec

from core.bell import Bell
from core.postgres.flush import Fact
from domain.identity.models import User
from domain.kernel.ids import SessionId, UserId, uuid7
from domain.sessions.models import Session
from domain.sessions.ports import Heard, RevocationLog, TokenInspection
from domain.sessions.schemas import ActiveToken, Revocation
from tests.support.memory.identity import USERS
from tests.support.memory.sessions import SESSIONS
from tests.support.memory.store import Memory


@dataclass
class MemoryRevocationLog(RevocationLog):
    """Reads what was published; the last `unnumbered` facts have no position yet."""

    memory: Memory
    bell: Bell = field(default_factory=Bell)
    log: UUID = field(default_factory=uuid7)
    unnumbered: int = 0
    awaited: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once somebody waits."""

    async def live(self) -> Heard:
        return self._heard(_markers(self.memory.published), [])

    async def since(self, position: int) -> Heard:
        numbered = self.memory.published[position : self._position]
        return self._heard(_markers(numbered), _markers(self._pending))

    async def learned(self, past: int, seconds: float) -> None:
        self.awaited.set()
        await self.bell.heard(past, seconds)

    def _heard(self, numbered: list[Revocation], pending: list[Revocation]) -> Heard:
        ids = ",".join(str(fact.id) for fact in self._pending if fact.revokes)
        word = sha256(ids.encode()).hexdigest()[:16] if ids else "0"
        return Heard(self.log, self._position, numbered, pending, word, self.bell.rung)

    @property
    def _position(self) -> int:
        return len(self.memory.published) - self.unnumbered

    @property
    def _pending(self) -> list[Fact]:
        return self.memory.published[self._position :]


@dataclass(frozen=True, slots=True)
class MemoryTokenInspection(TokenInspection):
    """Reads `PlainAccessTokens`."""

    memory: Memory

    async def inspect(self, token: str) -> ActiveToken | None:
        try:
            user_id, session_id, epoch, _ = token.split()
            session: Session | None = self.memory.table(SESSIONS).get(SessionId(UUID(session_id)))
            user: User | None = self.memory.table(USERS).get(UserId(UUID(user_id)))
        except ValueError:
            return None
        if session is None or user is None or session.revoked_at or user.epoch > int(epoch):
            return None
        return ActiveToken("memory", ["memory"], user.id, session.id, None, "gatewright", session.id, 0, 2**33)


def _markers(facts: list[Fact]) -> list[Revocation]:
    return [msgspec.convert(each, Revocation) for fact in facts for each in fact.revokes or ()]

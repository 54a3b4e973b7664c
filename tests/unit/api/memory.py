"""What the dispatcher stands on, in memory."""

from dataclasses import dataclass, field
from typing import Any

from dishka import Provider, Scope, make_async_container

from core.idempotency import Claim, Idempotency
from core.pipeline import AuditTrail, Call, Dispatcher, UnitOfWork
from core.recency import Recency
from domain.kernel.access import Access, Actor
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import Forbidden, IdempotencyMismatch, InvalidToken
from domain.kernel.ids import SessionId, UserId, uuid7
from domain.kernel.usecases import Message, UseCase, use_cases
from tests.unit.api import notes as capability
from tests.unit.api.notes import Notes

ACTOR = Actor(UserId(uuid7()), SessionId(uuid7()), None, 1)
TOKEN = ConsistencyToken(b"the log!", 42)


class Unreachable(Exception):
    """A store is away."""


@dataclass
class Memory:
    notes: Notes = field(default_factory=Notes)
    audited: list[tuple[str | None, str]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[bytes, bytes]] = field(default_factory=dict)
    forbidden: bool = False
    away: bool = False


@dataclass
class MemoryAuthenticator:
    memory: Memory

    async def identify(self, credential: bytes) -> Actor:
        if self.memory.away:
            raise Unreachable
        if credential != b"good":
            raise InvalidToken
        return ACTOR


@dataclass
class MemoryGate:
    memory: Memory

    async def check(self, access: Access, actor: Actor, message: Message[Any]) -> None:
        if self.memory.forbidden:
            raise Forbidden


@dataclass
class MemoryWork:
    memory: Memory
    call: Call
    claims: list[Claim] = field(default_factory=list)
    pending: list[bytes] = field(default_factory=list)

    async def commit(self) -> ConsistencyToken | None:
        self.memory.calls.append(self.call)
        for claim, answer in zip(self.claims, self.pending, strict=False):
            self.memory.answers[claim.actor, claim.key] = (claim.request, answer)
        return TOKEN

    async def rollback(self) -> None:
        self.claims.clear()
        self.pending.clear()


@dataclass
class MemoryAudit:
    memory: Memory

    def record(self, case: UseCase, message: Message[Any], actor: Actor | None, outcome: str) -> None:
        self.memory.audited.append((case.audit, outcome))


@dataclass
class MemoryIdempotency:
    memory: Memory
    work: MemoryWork
    secret: bytes = b"a key of fingerprints"

    async def find(self, claim: Claim) -> bytes | None:
        request, answer = self.memory.answers.get((claim.actor, claim.key), (None, None))
        if request not in {None, claim.request}:
            raise IdempotencyMismatch
        return answer

    def claim(self, claim: Claim) -> None:
        self.work.claims.append(claim)

    def keep(self, answer: bytes) -> None:
        self.work.pending.append(answer)


def witness(case: UseCase, outcome: str) -> None:
    """Pay no attention."""


def is_outage(error: Exception) -> bool:
    return isinstance(error, Unreachable)


def _work(memory: Memory, call: Call) -> MemoryWork:
    return MemoryWork(memory, call)


def _audit(memory: Memory) -> AuditTrail:
    return MemoryAudit(memory)


def _idempotency(memory: Memory, work: MemoryWork) -> Idempotency:
    return MemoryIdempotency(memory, work)


def dispatcher(memory: Memory) -> Dispatcher:
    app = Provider(scope=Scope.APP)
    app.provide(lambda: memory, provides=Memory)
    app.provide(lambda: memory.notes, provides=Notes)
    request = Provider(scope=Scope.REQUEST)
    request.from_context(provides=Call)
    request.provide(_work)
    request.alias(source=MemoryWork, provides=UnitOfWork)
    request.provide(_audit)
    request.provide(_idempotency)
    for case in use_cases():
        if case.message.__module__ == capability.__name__:
            (request if case.writes else app).provide(case.interactor)
    container = make_async_container(app, request)
    named, gate = MemoryAuthenticator(memory), MemoryGate(memory)
    return Dispatcher(container, named, gate, witness, is_outage, lambda _: False, Recency())

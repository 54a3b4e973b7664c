"""The unit of work in memory: what `SqlWork` does, observed from outside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from typing import Any

from core.idempotency import Claim, Claimed, Idempotency
from core.pipeline import AuditTrail, UnitOfWork
from core.postgres.audit import entry
from core.postgres.flush import Pending, joined
from domain.kernel.access import Actor, Origin
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import IdempotencyInFlight, IdempotencyMismatch
from domain.kernel.events import Aggregate, Event, Events
from domain.kernel.ports import Clock
from domain.kernel.revocation import Marker
from domain.kernel.usecases import Message, UseCase
from tests.support.emitted import admitted
from tests.support.memory.store import Kept, Memory, MemoryTable

LOG = b"inmemory"


@dataclass
class MemoryTables:
    """The tables as one command sees them."""

    memory: Memory
    used: dict[str, MemoryTable] = field(default_factory=dict)

    def table(self, name: str) -> MemoryTable:
        """Return the table `name`; it need not have been declared."""
        return self.used.setdefault(name, MemoryTable(self.memory.table(name)))


@dataclass
class MemoryWork(UnitOfWork, Events, AuditTrail):
    """The transaction of one command in memory; repositories take their tables from `begin`."""

    memory: Memory
    clock: Clock
    committed: Callable[[Pending], None] = lambda _: None
    trace: str | None = None
    origin: Origin = field(default_factory=Origin)
    pending: Pending = field(default_factory=Pending, init=False)
    _tables: MemoryTables | None = field(default=None, init=False)
    _claimed: tuple[str, str] | None = field(default=None, init=False)

    @property
    def begun(self) -> bool:
        return self._tables is not None

    async def begin(self) -> MemoryTables:
        if self._tables is None:
            if self.pending.claim:
                self._claim(self.pending.claim)
            self._tables = MemoryTables(self.memory)
        return self._tables

    def emit(self, event: Event, of: Aggregate, revokes: Sequence[Marker] = ()) -> None:
        self.pending.emit(event, of, revokes, self.trace)

    def record(self, case: UseCase, message: Message[Any], actor: Actor | None, outcome: str) -> None:
        changed, now = self.pending.changed, self.clock.now()
        self.pending.entries.append(entry(case, message, actor, outcome, changed, self.origin, self.trace, now))

    def enqueue(
        self, name: str, payload: Mapping[str, Any], run_at: datetime | None = None, to: str | None = None
    ) -> None:
        self.pending.enqueue(name, payload, run_at, to)

    async def commit(self) -> ConsistencyToken | None:
        pending, memory = self.pending, self.memory
        if self._tables is None:
            if not pending:
                return None
            if pending.answer is None:
                pending.claim = None
        tables = await self.begin()
        changed = [(table, list(table.changed())) for table in tables.used.values()]
        written = bool(pending) or any(keys for _, keys in changed)
        for table, keys in changed:
            table.keep(keys)
        admitted(pending.facts)
        memory.published += pending.facts
        memory.audited += pending.entries
        memory.jobs += pending.jobs
        for key, marker in pending.markers.items():
            memory.revocations[key] = joined(marker, memory.revocations.get(key, marker))
        if pending.claim and pending.answer is not None:
            kept = Kept(pending.claim.request, pending.answer, frozenset(pending.shown), *pending.concerned)
            memory.answers[pending.claim.actor, pending.claim.key] = kept
        await self.rollback()
        self.committed(pending)
        if not written:
            return None
        memory.commits += 1
        return ConsistencyToken(LOG, memory.commits)

    async def rollback(self) -> None:
        if self._claimed:
            self.memory.claimed.discard(self._claimed)
        self.pending, self._tables, self._claimed = Pending(), None, None

    def _claim(self, claim: Claim) -> None:
        key = claim.actor, claim.key
        if key in self.memory.answers:
            raise Claimed
        if key in self.memory.claimed:
            raise IdempotencyInFlight
        self.memory.claimed.add(key)
        self._claimed = key


@dataclass
class MemoryIdempotency(Idempotency):
    """The keys of one command in memory; they never expire."""

    work: MemoryWork
    secret: bytes = b"the key of request fingerprints"

    async def find(self, claim: Claim) -> bytes | None:
        kept = self.work.memory.answers.get((claim.actor, claim.key))
        if kept and not compare_digest(kept.request, claim.request):
            raise IdempotencyMismatch
        return kept.answer if kept else None

    def claim(self, claim: Claim) -> None:
        self.work.pending.claim = claim

    def keep(self, answer: bytes) -> None:
        self.work.pending.answer = answer

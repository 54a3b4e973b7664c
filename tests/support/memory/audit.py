"""The audit trail in memory, as it is read."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.postgres.audit import Entry
from domain.audit.readers import AuditTrails, EntryFilter, EntryPlace
from domain.audit.schemas import AuditEntry, SeenAt
from tests.support.memory.store import Memory


@dataclass(frozen=True, slots=True)
class MemoryAuditTrails(AuditTrails):
    memory: Memory

    async def list(self, wanted: EntryFilter, after: EntryPlace | None, most: int) -> Sequence[AuditEntry]:
        found = [
            (entry.occurred_at, position, entry)
            for position, entry in enumerate(self.memory.audited, start=1)
            if fits(entry, wanted)
            and (after is None or (entry.occurred_at, position) < (after.occurred_at, after.position))
        ]
        found.sort(key=lambda each: each[:2], reverse=True)
        return [shown(entry, position) for _, position, entry in found[:most]]

    async def walk(self, after: int, most: int) -> Sequence[AuditEntry]:
        entries = list(enumerate(self.memory.audited, start=1))
        return [shown(entry, position) for position, entry in entries[max(after, self.memory.audit_dropped) :][:most]]

    async def oldest(self) -> int | None:
        return self.memory.audit_dropped + 1 if len(self.memory.audited) > self.memory.audit_dropped else None

    async def newest(self) -> int:
        return len(self.memory.audited)


def fits(entry: Entry, wanted: EntryFilter) -> bool:
    mine = {entry.person_id, entry.target} & {wanted.own, f"user:{wanted.own}"}
    return (
        (wanted.own is None or bool(mine))
        and wanted.organization_id in {None, entry.organization_id}
        and wanted.actor in {None, entry.actor}
        and wanted.target in {None, entry.target}
        and wanted.outcome in {None, entry.outcome}
        and entry.action.startswith(wanted.action or "")
        and (wanted.since is None or entry.occurred_at >= wanted.since)
        and (wanted.until is None or entry.occurred_at < wanted.until)
    )


def shown(entry: Entry, position: int) -> AuditEntry:
    return AuditEntry(
        position=position,
        id=entry.id,
        action=entry.action,
        outcome=entry.outcome,
        actor=entry.actor,
        target=entry.target,
        organization_id=entry.organization_id,
        occurred_at=entry.occurred_at,
        where=SeenAt(entry.place.address, entry.place.client) if entry.place else None,
        trace_id=entry.trace,
    )

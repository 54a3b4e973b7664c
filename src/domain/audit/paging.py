"""Pages of the audit trail."""

from dataclasses import dataclass
from datetime import datetime

from domain.audit.readers import AuditTrails, EntryFilter, EntryPlace
from domain.audit.schemas import AuditEntry
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Page


@dataclass(frozen=True, slots=True)
class EntryPages:
    """Reads a part of the trail, and says where the next one begins."""

    trails: AuditTrails
    cursors: Cursors

    async def read(self, wanted: EntryFilter, cursor: str | None, limit: int) -> Page[AuditEntry]:
        """Return the page; raise `CursorInvalid` unless the cursor was made for the same question."""
        scope = ["AuditEntries", str(wanted)]
        after = None
        if cursor is not None:
            occurred_at, position = self.cursors.open(scope, cursor)
            after = EntryPlace(datetime.fromisoformat(occurred_at), position)
        found = list(await self.trails.list(wanted, after, limit + 1))
        page, more = found[:limit], found[limit:]
        last = page[-1] if more else None
        return Page(page, self.cursors.seal(scope, [last.occurred_at.isoformat(), last.position]) if last else None)

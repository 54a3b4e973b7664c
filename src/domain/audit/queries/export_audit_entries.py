"""Export the audit trail."""

from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Final

from domain.audit.readers import AuditTrails
from domain.audit.schemas import AuditEntry, ExportEnd
from domain.kernel.access import Permission, Standing, needs
from domain.kernel.errors import CursorGone, CursorInvalid, DomainError
from domain.kernel.schemas import Range, Stream
from domain.kernel.usecases import Query, interactor, message

BATCH: Final = 1000
LAST: Final = (1 << 63) - 1
Lines = list[AuditEntry | ExportEnd]


@message
class ExportAuditEntries(Query[Stream[Lines]]):
    """Return the audit trail from the oldest entry on, one JSON object a line (NDJSON).

    The last line says whether there was more, and the position to go on `after`: so whoever was cut off, and whoever
    comes again later, gets the rest. Whoever is signed out or loses the permission meanwhile gets no more of it. Where
    what follows `after` is in the archive it is refused, and does not go on with what comes later; so it is where the
    trail does not reach that position, as after a backup was restored.
    """

    after: Annotated[int, Range(0, LAST)] = 0
    limit: Annotated[int, Range(1, 10_000_000)] | None = None


@interactor(access=needs(Permission.AUDIT_READ), raises=(CursorGone, CursorInvalid), audit="audit.entries.export")
class ExportAuditEntriesInteractor:
    trails: AuditTrails

    async def __call__(self, request: ExportAuditEntries, standing: Standing) -> Stream[Lines]:
        if request.after > await self.trails.newest():
            raise CursorInvalid
        first = await self._walk(request.after, _size(request.limit))
        return Stream(self._parts(request, first, standing))

    async def _parts(
        self, request: ExportAuditEntries, entries: Sequence[AuditEntry], standing: Standing
    ) -> AsyncGenerator[Lines, None]:
        left, after = request.limit, request.after
        while True:
            asked = _size(left)
            if entries:
                yield [*entries]
                after = entries[-1].position
            if len(entries) < asked:
                yield [ExportEnd(complete=True, next=after)]
                return
            left = None if left is None else left - len(entries)
            if left == 0:
                break
            try:
                await standing.confirm()
                entries = await self._walk(after, _size(left))
            except DomainError as refusal:
                yield [ExportEnd(complete=False, next=after, refusal=refusal.code)]
                return
        yield [ExportEnd(complete=False, next=after)]

    async def _walk(self, after: int, most: int) -> Sequence[AuditEntry]:
        entries = await self.trails.walk(after, most)
        # Whatever is missing in the middle was taken out by somebody: that is for `audit verify` to tell.
        skips = after and entries and entries[0].position > after + 1
        if skips and (await self.trails.oldest() or 0) > after + 1:
            raise CursorGone
        return entries


def _size(left: int | None) -> int:
    return BATCH if left is None else min(left, BATCH)

"""Read the audit trail."""

from datetime import datetime
from typing import Annotated

from domain.audit.paging import EntryPages
from domain.audit.readers import EntryFilter
from domain.audit.schemas import Action, AuditEntry, Outcome, Party
from domain.kernel.access import Permission, needs
from domain.kernel.errors import CursorInvalid
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message


@message
class ListAuditEntries(Query[Page[AuditEntry]]):
    """Return who did what to whom, the newest first.

    `action` is the beginning of a name; `since` is the earliest moment, `until` the first that is too late.
    """

    actor: Party | None = None
    target: Party | None = None
    action: Action | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(access=needs(Permission.AUDIT_READ), raises=(CursorInvalid,))
class ListAuditEntriesInteractor:
    pages: EntryPages

    async def __call__(self, request: ListAuditEntries) -> Page[AuditEntry]:
        wanted = EntryFilter(
            request.actor, request.target, request.action, request.outcome, request.since, request.until
        )
        return await self.pages.read(wanted, request.cursor, request.limit)

"""Read the audit trail of an organization."""

from datetime import datetime
from typing import Annotated

from domain.access.facade import Clearances
from domain.audit.paging import EntryPages
from domain.audit.readers import EntryFilter
from domain.audit.schemas import Action, AuditEntry, Outcome, Party
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, CursorInvalid, OrganizationNotFound
from domain.kernel.ids import OrganizationId
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message


@message
class ListOrganizationAudit(Query[Page[AuditEntry]]):
    """Return who did what in an organization, the newest first.

    Needs `visibility:bypass` too: what is hidden was done by somebody. `action` is the beginning of a name; `since` is
    the earliest moment, `until` the first that is too late.
    """

    organization_id: OrganizationId
    actor: Party | None = None
    target: Party | None = None
    action: Action | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(
    access=needs(Permission.AUDIT_READ, within="organization_id"),
    raises=(OrganizationNotFound, BypassRequired, CursorInvalid),
)
class ListOrganizationAuditInteractor:
    pages: EntryPages
    clearances: Clearances

    async def __call__(self, request: ListOrganizationAudit, actor: Actor) -> Page[AuditEntry]:
        if not (await self.clearances.eyes(actor, request.organization_id)).bypass:
            raise BypassRequired
        wanted = EntryFilter(
            request.actor,
            request.target,
            request.action,
            request.outcome,
            request.since,
            request.until,
            request.organization_id,
        )
        return await self.pages.read(wanted, request.cursor, request.limit)

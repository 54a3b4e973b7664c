"""Read one's own part of the audit trail."""

from typing import Annotated

from domain.audit.paging import EntryPages
from domain.audit.readers import EntryFilter
from domain.audit.schemas import Action, AuditEntry, OwnEntry
from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.errors import CursorInvalid
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message


@message
class ListOwnAudit(Query[Page[OwnEntry]]):
    """Return what the caller did, and what was done to their account, the newest first.

    Sign-ins and changes of credentials are among it. `action` is the beginning of a name. Of what somebody else did,
    it is not told who it was, beyond `user`, nor from where.
    """

    action: Action | None = None
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(access=SIGNED_IN, raises=(CursorInvalid,))
class ListOwnAuditInteractor:
    pages: EntryPages

    async def __call__(self, request: ListOwnAudit, actor: Actor) -> Page[OwnEntry]:
        wanted = EntryFilter(action=request.action, own=actor.user_id)
        page = await self.pages.read(wanted, request.cursor, request.limit)
        return Page([_told(entry, str(actor)) for entry in page.items], page.next)


def _told(entry: AuditEntry, reader: str) -> OwnEntry:
    own = entry.actor == reader
    return OwnEntry(
        id=entry.id,
        action=entry.action,
        outcome=entry.outcome,
        actor=entry.actor if own else entry.actor.partition(":")[0],
        target=entry.target,
        organization_id=entry.organization_id,
        occurred_at=entry.occurred_at,
        where=entry.where if own else None,
    )

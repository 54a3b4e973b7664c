"""List service accounts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.service_accounts.readers import ServiceAccountLists, ServiceAccountPlace
from domain.identity.service_accounts.schemas import ServiceAccountInfo
from domain.kernel.access import Permission, needs
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import OrganizationId, ServiceAccountId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message


@message
class ListServiceAccounts(Query[Page[ServiceAccountInfo]]):
    """List the service accounts of an organization, the newest first."""

    organization_id: OrganizationId
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(access=needs(Permission.SERVICE_ACCOUNTS_READ, within="organization_id"), raises=(CursorInvalid,))
class ListServiceAccountsInteractor:
    lists: ServiceAccountLists
    cursors: Cursors

    async def __call__(self, request: ListServiceAccounts) -> Page[ServiceAccountInfo]:
        scope = ["ListServiceAccounts", str(request.organization_id)]
        after = None
        if request.cursor is not None:
            created_at, account_id = self.cursors.open(scope, request.cursor)
            after = ServiceAccountPlace(datetime.fromisoformat(created_at), ServiceAccountId(UUID(account_id)))
        found = list(await self.lists.list(request.organization_id, after, request.limit + 1))
        page, more = found[: request.limit], found[request.limit :]
        last = page[-1] if more else None
        return Page(page, self.cursors.seal(scope, [last.created_at.isoformat(), str(last.id)]) if last else None)

"""List organizations."""

from domain.access.facade import Clearances
from domain.kernel.access import SIGNED_IN, Actor, Permission
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import PLATFORM
from domain.kernel.schemas import Limit, Page
from domain.kernel.usecases import Query, interactor, message
from domain.organizations.paging import Pages
from domain.organizations.readers import OrganizationReader, Place
from domain.organizations.schemas import Cursor, OrganizationInfo


@message
class ListOrganizations(Query[Page[OrganizationInfo]]):
    """List the organizations that one belongs to, the newest first; administrators of the platform see all."""

    limit: Limit = 50
    cursor: Cursor | None = None


@interactor(access=SIGNED_IN, raises=(CursorInvalid,))
class ListOrganizationsInteractor:
    reader: OrganizationReader
    clearances: Clearances
    pages: Pages

    async def __call__(self, request: ListOrganizations, actor: Actor) -> Page[OrganizationInfo]:
        scope = ["ListOrganizations", str(actor.user_id)]
        after = self.pages.after(scope, request.cursor)
        everything = await self.clearances.holds(actor, PLATFORM, Permission.ORGANIZATIONS_READ)
        found = await self.reader.list(None if everything else actor.user_id, after, request.limit + 1)
        return self.pages.page(scope, found, request.limit, lambda each: Place(each.created_at, each.id))

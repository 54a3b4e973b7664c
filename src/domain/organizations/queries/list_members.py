"""List the members of an organization."""

from dataclasses import replace

from domain.access.facade import Clearances
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import CursorInvalid, OrganizationNotFound
from domain.kernel.ids import OrganizationId
from domain.kernel.schemas import Limit, Page
from domain.kernel.usecases import Query, interactor, message
from domain.organizations.paging import Pages
from domain.organizations.readers import MemberReader, OrganizationReader, Place
from domain.organizations.schemas import Cursor, Member


@message
class ListMembers(Query[Page[Member]]):
    """List who belongs to an organization, those who joined last first."""

    organization_id: OrganizationId
    limit: Limit = 50
    cursor: Cursor | None = None


@interactor(
    access=needs(Permission.MEMBERS_READ, within="organization_id"),
    raises=(CursorInvalid, OrganizationNotFound),
)
class ListMembersInteractor:
    organizations: OrganizationReader
    members: MemberReader
    clearances: Clearances
    pages: Pages

    async def __call__(self, request: ListMembers, actor: Actor) -> Page[Member]:
        scope = ["ListMembers", str(request.organization_id)]
        after = self.pages.after(scope, request.cursor)
        eyes = await self.clearances.eyes(actor, request.organization_id)
        found = await self.members.list(request.organization_id, eyes, after, request.limit + 1)
        if not found and await self.organizations.find(request.organization_id) is None:
            raise OrganizationNotFound
        if not await self.clearances.holds(actor, request.organization_id, Permission.MEMBERS_WRITE):
            found = [replace(each, email=None) for each in found]
        return self.pages.page(scope, found, request.limit, lambda each: Place(each.joined_at, each.user_id))

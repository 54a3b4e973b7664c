"""List the invitations of an organization."""

from domain.access.facade import Clearances
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import CursorInvalid, OrganizationNotFound
from domain.kernel.ids import OrganizationId
from domain.kernel.ports import Clock
from domain.kernel.schemas import Limit, Page
from domain.kernel.usecases import Query, interactor, message
from domain.organizations.paging import Pages
from domain.organizations.readers import InvitationLists, OrganizationReader, Place
from domain.organizations.schemas import Cursor, InvitationInfo


@message
class ListInvitations(Query[Page[InvitationInfo]]):
    """List who is invited to an organization and has not accepted yet, the newest invitation first."""

    organization_id: OrganizationId
    limit: Limit = 50
    cursor: Cursor | None = None


@interactor(
    access=needs(Permission.MEMBERS_WRITE, within="organization_id"),
    raises=(CursorInvalid, OrganizationNotFound),
)
class ListInvitationsInteractor:
    organizations: OrganizationReader
    invitations: InvitationLists
    clearances: Clearances
    pages: Pages
    clock: Clock

    async def __call__(self, request: ListInvitations, actor: Actor) -> Page[InvitationInfo]:
        scope = ["ListInvitations", str(request.organization_id)]
        after = self.pages.after(scope, request.cursor)
        eyes, now = await self.clearances.eyes(actor, request.organization_id), self.clock.now()
        found = await self.invitations.list(request.organization_id, eyes, now, after, request.limit + 1)
        if not found and await self.organizations.find(request.organization_id) is None:
            raise OrganizationNotFound
        return self.pages.page(scope, found, request.limit, lambda each: Place(each.created_at, each.id))

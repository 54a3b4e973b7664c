"""Get a member of an organization."""

from dataclasses import replace

from domain.access.facade import Clearances
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, UserId
from domain.kernel.usecases import Query, interactor, message
from domain.organizations.errors import MemberNotFound
from domain.organizations.readers import MemberReader
from domain.organizations.schemas import Member


@message
class GetMember(Query[Member]):
    """Show a member of an organization."""

    organization_id: OrganizationId
    user_id: UserId


@interactor(
    access=needs(Permission.MEMBERS_READ, within="organization_id"),
    raises=(OrganizationNotFound, MemberNotFound),
)
class GetMemberInteractor:
    members: MemberReader
    clearances: Clearances

    async def __call__(self, request: GetMember, actor: Actor) -> Member:
        eyes = await self.clearances.eyes(actor, request.organization_id)
        found = await self.members.find(request.organization_id, request.user_id, eyes)
        if found is None:
            raise MemberNotFound
        if await self.clearances.holds(actor, request.organization_id, Permission.MEMBERS_WRITE):
            return found
        return replace(found, email=None)

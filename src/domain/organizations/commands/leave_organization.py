"""Leave an organization."""

from domain.access.events import GrantWithdrawn
from domain.access.facade import LastOwner
from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.errors import BypassRequired, OrganizationNotFound
from domain.kernel.ids import OrganizationId
from domain.kernel.usecases import Command, interactor, message
from domain.organizations.errors import MemberNotFound
from domain.organizations.events import MemberRemoved
from domain.organizations.joining import Leaving


@message
class LeaveOrganization(Command[None]):
    """End one's own membership, with everything one holds in the organization.

    Of owners it takes `visibility:bypass`: whether another one is left may not be seen by everybody.
    """

    organization_id: OrganizationId


@interactor(
    access=SIGNED_IN,
    raises=(OrganizationNotFound, BypassRequired, LastOwner),
    emits=(MemberRemoved, GrantWithdrawn),
    audit="organizations.member.leave",
    simulated=True,
)
class LeaveOrganizationInteractor:
    leaving: Leaving

    async def __call__(self, request: LeaveOrganization, actor: Actor) -> None:
        try:
            await self.leaving.leave(request.organization_id, actor.user_id, actor)
        except MemberNotFound:
            # Whoever is no member must not learn that there is such an organization.
            raise OrganizationNotFound from None

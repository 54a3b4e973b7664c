"""Accept an invitation."""

from domain.access.events import GrantMade
from domain.access.facade import NotHeld, RoleNotFound
from domain.identity.facade import Accounts, UserNotFound
from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.usecases import Command, interactor, message, secret
from domain.organizations.describing import membership_info
from domain.organizations.errors import AlreadyMember, InvitationNotFound
from domain.organizations.events import InvitationAccepted, MemberAdded
from domain.organizations.inviting import Acceptance
from domain.organizations.schemas import MembershipInfo, Token


@message
class AcceptInvitation(Command[MembershipInfo]):
    """Become a member by the token that was mailed to the signed-in person's own address."""

    token: Token = secret()


@interactor(
    access=SIGNED_IN,
    raises=(InvitationNotFound, UserNotFound, OrganizationNotFound, RoleNotFound, NotHeld, AlreadyMember),
    emits=(InvitationAccepted, MemberAdded, GrantMade),
    audit="organizations.invitation.accept",
)
class AcceptInvitationInteractor:
    acceptance: Acceptance
    accounts: Accounts

    async def __call__(self, request: AcceptInvitation, actor: Actor) -> MembershipInfo:
        invited, hashes = await self.acceptance.look_up(request.token)
        person = await self.accounts.get(actor.user_id)
        return membership_info(await self.acceptance.accept(invited, hashes, person))

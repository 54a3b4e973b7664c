"""Make somebody a member without asking them."""

from domain.access.events import GrantMade
from domain.access.facade import Assignments, Authority, NotHeld, Place, RoleNotFound, Walls
from domain.identity.facade import Accounts, Email, EmailInvalid, UserNotFound
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, OrganizationNotFound
from domain.kernel.ids import PLATFORM, OrganizationId, UserId
from domain.kernel.usecases import Command, interactor, message
from domain.organizations.describing import membership_info
from domain.organizations.errors import AlreadyMember, InvitationRequired, PersonUnnamed
from domain.organizations.events import InvitationWithdrawn, MemberAdded
from domain.organizations.inviting import Withdrawal
from domain.organizations.joining import Joining
from domain.organizations.repositories import Invitations, Organizations
from domain.organizations.schemas import MembershipInfo, RoleName


@message
class AddMember(Command[MembershipInfo]):
    """Make somebody a member at once; only for administrators of the platform's accounts, others invite.

    Takes `visibility:bypass` too, for who belongs to an organization is common to all.
    """

    organization_id: OrganizationId
    role: RoleName
    user_id: UserId | None = None
    email: Email | None = None


@interactor(
    access=needs(Permission.MEMBERS_WRITE, within="organization_id"),
    raises=(
        OrganizationNotFound,
        BypassRequired,
        PersonUnnamed,
        EmailInvalid,
        InvitationRequired,
        UserNotFound,
        RoleNotFound,
        NotHeld,
        AlreadyMember,
    ),
    emits=(MemberAdded, InvitationWithdrawn, GrantMade),
    audit="organizations.member.add",
    simulated=True,
)
class AddMemberInteractor:
    accounts: Accounts
    organizations: Organizations
    invitations: Invitations
    assignments: Assignments
    authority: Authority
    walls: Walls
    withdrawal: Withdrawal
    joining: Joining

    async def __call__(self, request: AddMember, actor: Actor) -> MembershipInfo:
        organization_id = request.organization_id
        user_id = await self._named(request)
        if not await self.walls.bypasses(actor, organization_id):
            raise BypassRequired
        if not await self.authority.holds(actor, Place(PLATFORM), Permission.USERS_WRITE):
            raise InvitationRequired
        if user_id is None:
            raise UserNotFound
        person = await self.accounts.get(user_id)
        await self.organizations.get(organization_id)
        role_id = await self.assignments.role(organization_id, request.role)
        await self.authority.must_hold_role(actor, Place(organization_id), role_id)
        if invitation := await self.invitations.find(organization_id, person.email):
            await self.withdrawal.withdraw(invitation)
        return membership_info(await self.joining.join(organization_id, user_id, role_id, actor.user_id))

    async def _named(self, request: AddMember) -> UserId | None:
        if request.email is None:
            if request.user_id is None:
                raise PersonUnnamed
            return request.user_id
        if request.user_id is not None:
            raise PersonUnnamed
        return await self.accounts.find(self.accounts.address(request.email))

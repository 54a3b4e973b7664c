"""Sign up by an invitation."""

from domain.access.events import GrantMade
from domain.access.facade import NotHeld, RoleNotFound
from domain.identity.events import UserCreated
from domain.identity.facade import REGISTRATION_REFUSALS, Accounts, FullName, NewPerson, Password, Username
from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import OrganizationNotFound, TooManyRequests
from domain.kernel.ports import Limits
from domain.kernel.usecases import Command, interactor, message, secret
from domain.organizations.describing import membership_info
from domain.organizations.errors import AlreadyMember, InvitationNotFound
from domain.organizations.events import InvitationAccepted, MemberAdded
from domain.organizations.inviting import Acceptance
from domain.organizations.policies import InvitationPolicy
from domain.organizations.schemas import MembershipInfo, Token


@message
class SignUpWithInvitation(Command[MembershipInfo]):
    """Create an account for the invited address, which the mailed token proves, and become a member."""

    token: Token = secret()
    password: Password = secret()
    full_name: FullName | None = None
    username: Username | None = None


@interactor(
    access=ANYONE,
    raises=(
        *REGISTRATION_REFUSALS,
        InvitationNotFound,
        OrganizationNotFound,
        RoleNotFound,
        NotHeld,
        AlreadyMember,
        TooManyRequests,
    ),
    emits=(UserCreated, InvitationAccepted, MemberAdded, GrantMade),
    audit="organizations.invitation.sign_up",
)
class SignUpWithInvitationInteractor:
    acceptance: Acceptance
    accounts: Accounts
    limits: Limits
    policy: InvitationPolicy

    async def __call__(self, request: SignUpWithInvitation, origin: Origin) -> MembershipInfo:
        await self.limits.hit("sign_up", origin.site, self.policy.sign_ups_per_minute, 60)
        invited, hashes = await self.acceptance.look_up(request.token)
        person = await self.accounts.register(
            NewPerson(
                email=invited.email,
                password=request.password,
                full_name=request.full_name,
                username=request.username,
                words=(invited.organization_name, *invited.organization_name.split()),
            )
        )
        return membership_info(await self.acceptance.accept(invited, hashes, person))

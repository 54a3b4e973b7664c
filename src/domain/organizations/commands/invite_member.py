"""Invite somebody."""

from domain.access.facade import Assignments, Authority, NotHeld, Place, RoleNotFound, Walls
from domain.identity.facade import Accounts, Email, EmailInvalid
from domain.kernel.access import Actor, Eyes, Permission, needs
from domain.kernel.errors import BypassRequired, ConcurrentChange, OrganizationNotFound, TooManyRequests
from domain.kernel.ids import OrganizationId
from domain.kernel.ports import Clock, Limits
from domain.kernel.usecases import Command, interactor, message
from domain.organizations.errors import AlreadyMember
from domain.organizations.events import InvitationMade
from domain.organizations.inviting import Letters
from domain.organizations.models import Invitation
from domain.organizations.policies import InvitationPolicy
from domain.organizations.readers import MemberReader, OrganizationReader
from domain.organizations.repositories import Invitations
from domain.organizations.schemas import InvitationInfo, RoleName


@message
class InviteMember(Command[InvitationInfo]):
    """Mail somebody an invitation to become a member with a role; one they had before counts no more.

    Takes `visibility:bypass` too, for who belongs to an organization is common to all.
    """

    organization_id: OrganizationId
    email: Email
    role: RoleName


@interactor(
    access=needs(Permission.MEMBERS_WRITE, within="organization_id"),
    raises=(
        OrganizationNotFound,
        BypassRequired,
        EmailInvalid,
        AlreadyMember,
        RoleNotFound,
        NotHeld,
        ConcurrentChange,
        TooManyRequests,
    ),
    emits=(InvitationMade,),
    audit="organizations.invitation.make",
)
class InviteMemberInteractor:
    accounts: Accounts
    reader: OrganizationReader
    members: MemberReader
    invitations: Invitations
    assignments: Assignments
    authority: Authority
    walls: Walls
    letters: Letters
    limits: Limits
    policy: InvitationPolicy
    clock: Clock

    async def __call__(self, request: InviteMember, actor: Actor) -> InvitationInfo:
        await self.limits.hit("invitation", str(actor.user_id), self.policy.per_hour, 3600)
        organization_id, email = request.organization_id, self.accounts.address(request.email)
        # What needs no transaction first, so that a command never needs two connections at once.
        organization = await self.reader.find(organization_id)
        if organization is None:
            raise OrganizationNotFound
        known = await self.accounts.find(email)
        belongs = known and await self.members.find(organization_id, known, Eyes(actor.user_id, bypass=True))
        if not await self.walls.bypasses(actor, organization_id):
            raise BypassRequired
        if belongs:
            raise AlreadyMember
        role_id = await self.assignments.role(organization_id, request.role)
        await self.authority.must_hold_role(actor, Place(organization_id), role_id)
        now = self.clock.now()
        before = await self.invitations.find(organization_id, email)
        invitation = before or Invitation(
            organization_id=organization_id,
            email=email,
            role_id=role_id,
            invited_by=actor.user_id,
            token_hash=b"",
            created_at=now,
            expires_at=now,
        )
        invitation.role_id, invitation.invited_by, invitation.created_at = role_id, actor.user_id, now
        self.letters.send(invitation, organization.name)
        await (self.invitations.keep(invitation) if before else self.invitations.add(invitation))
        return InvitationInfo(
            id=invitation.id,
            organization_id=organization_id,
            email=email,
            role=request.role,
            invited_by=actor.user_id,
            created_at=now,
            expires_at=invitation.expires_at,
            version=invitation.version,
        )

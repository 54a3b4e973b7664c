"""Mail an invitation again."""

from domain.access.facade import Authority, NotHeld, Place, Walls
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, OrganizationNotFound, TooManyRequests
from domain.kernel.ids import InvitationId, OrganizationId
from domain.kernel.ports import Clock, Limits
from domain.kernel.usecases import Command, interactor, message
from domain.organizations.errors import InvitationNotFound
from domain.organizations.events import InvitationMade
from domain.organizations.inviting import Letters
from domain.organizations.policies import InvitationPolicy
from domain.organizations.readers import OrganizationReader
from domain.organizations.repositories import Invitations


@message
class ResendInvitation(Command[None]):
    """Mail an invitation again, on behalf of whoever asks for it; the link that was mailed before counts no more.

    Takes what inviting takes.
    """

    organization_id: OrganizationId
    invitation_id: InvitationId


@interactor(
    access=needs(Permission.MEMBERS_WRITE, within="organization_id"),
    raises=(OrganizationNotFound, BypassRequired, InvitationNotFound, NotHeld, TooManyRequests),
    emits=(InvitationMade,),
    audit="organizations.invitation.resend",
)
class ResendInvitationInteractor:
    reader: OrganizationReader
    invitations: Invitations
    authority: Authority
    walls: Walls
    letters: Letters
    limits: Limits
    policy: InvitationPolicy
    clock: Clock

    async def __call__(self, request: ResendInvitation, actor: Actor) -> None:
        await self.limits.hit("invitation", str(actor.user_id), self.policy.per_hour, 3600)
        organization = await self.reader.find(request.organization_id)
        if organization is None:
            raise OrganizationNotFound
        if not await self.walls.bypasses(actor, request.organization_id):
            raise BypassRequired
        invitation = await self.invitations.get(request.organization_id, request.invitation_id)
        if not invitation.is_open(self.clock.now()):
            raise InvitationNotFound
        await self.authority.must_hold_role(actor, Place(request.organization_id), invitation.role_id)
        invitation.invited_by = actor.user_id
        self.letters.send(invitation, organization.name)
        await self.invitations.keep(invitation)

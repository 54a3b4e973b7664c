"""Withdraw an invitation."""

from domain.kernel.access import Permission, needs
from domain.kernel.errors import OrganizationNotFound, PreconditionFailed
from domain.kernel.ids import InvitationId, OrganizationId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.organizations.errors import InvitationNotFound
from domain.organizations.events import InvitationWithdrawn
from domain.organizations.inviting import Withdrawal
from domain.organizations.repositories import Invitations


@message
class WithdrawInvitation(Command[None]):
    """Withdraw an invitation; the link that was mailed counts no more."""

    organization_id: OrganizationId
    invitation_id: InvitationId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.MEMBERS_WRITE, within="organization_id"),
    raises=(OrganizationNotFound, InvitationNotFound, PreconditionFailed),
    emits=(InvitationWithdrawn,),
    audit="organizations.invitation.withdraw",
)
class WithdrawInvitationInteractor:
    invitations: Invitations
    withdrawal: Withdrawal
    clock: Clock

    async def __call__(self, request: WithdrawInvitation) -> None:
        invitation = await self.invitations.get(request.organization_id, request.invitation_id)
        if not invitation.is_open(self.clock.now()):
            raise InvitationNotFound
        if request.expected_version not in (None, invitation.version):
            raise PreconditionFailed
        await self.withdrawal.withdraw(invitation)

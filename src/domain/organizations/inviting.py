"""Invitations: how they are mailed, withdrawn and accepted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from domain.access.facade import Authority, NotHeld, Place
from domain.identity.facade import InvitationEnding, Person
from domain.kernel.access import Actor, Permission
from domain.kernel.events import Events
from domain.kernel.ids import SessionId
from domain.kernel.mails import InvitationMail
from domain.kernel.ports import Clock, Mailer
from domain.organizations.errors import InvitationNotFound
from domain.organizations.events import InvitationAccepted, InvitationMade, InvitationWithdrawn
from domain.organizations.joining import Joining
from domain.organizations.models import Invitation, Membership
from domain.organizations.policies import InvitationPolicy
from domain.organizations.ports import InvitationReader, InvitationTokens, Invited
from domain.organizations.repositories import Invitations, Organizations


@dataclass(frozen=True, slots=True)
class Letters:
    """Mail the token of an invitation, which makes every token before it worthless."""

    tokens: InvitationTokens
    mailer: Mailer
    policy: InvitationPolicy
    events: Events
    clock: Clock

    def send(self, invitation: Invitation, organization_name: str) -> None:
        """Give `invitation` a new token and a new life, announce it, and queue the mail."""
        now = self.clock.now()
        token, invitation.token_hash = self.tokens.make()
        invitation.expires_at = now + self.policy.lifetime
        made = InvitationMade(
            organization_id=invitation.organization_id,
            invitation_id=invitation.id,
            role_id=invitation.role_id,
            invited_by=invitation.invited_by,
            expires_at=invitation.expires_at,
            occurred_at=now,
        )
        self.events.emit(made, of=invitation)
        until = invitation.expires_at.strftime("%Y-%m-%d %H:%M UTC")
        link = f"{self.policy.page}#token={token}"
        self.mailer.send(invitation.email, InvitationMail(organization_name, link, until))


@dataclass(frozen=True, slots=True)
class Withdrawal(InvitationEnding):
    """End invitations before they are accepted."""

    invitations: Invitations
    events: Events
    clock: Clock

    async def withdraw(self, invitation: Invitation) -> None:
        """Delete it and say so."""
        await self.invitations.remove(invitation)
        withdrawn = InvitationWithdrawn(
            organization_id=invitation.organization_id, invitation_id=invitation.id, occurred_at=self.clock.now()
        )
        self.events.emit(withdrawn, of=invitation)

    async def withdraw_all(self, addresses: Collection[str]) -> None:
        """See `InvitationEnding.withdraw_all`."""
        for invitation in await self.invitations.to(addresses):
            await self.withdraw(invitation)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Turn an invitation into a membership."""

    tokens: InvitationTokens
    reader: InvitationReader
    organizations: Organizations
    invitations: Invitations
    authority: Authority
    joining: Joining
    events: Events
    clock: Clock

    async def look_up(self, token: str) -> tuple[Invited, Sequence[bytes]]:
        """Return what `token` stands for and the hashes it may be known by, or raise `InvitationNotFound`.

        Holds no connection afterwards.
        """
        hashes = self.tokens.hashes(token)
        invited = await self.reader.find(hashes) if hashes else None
        if invited is None or invited.expires_at <= self.clock.now():
            raise InvitationNotFound
        return invited, hashes

    async def accept(self, invited: Invited, hashes: Sequence[bytes], person: Person) -> Membership:
        """Make `person` a member and use the invitation up.

        Raise `InvitationNotFound` if it is somebody else's, or was withdrawn, replaced or accepted meanwhile; `NotHeld`
        if whoever invited could not invite with this role any more; `AlreadyMember`.
        """
        # Before anything else, so that a stranger with the token learns as little as one without.
        if person.email != invited.email or not person.is_active:
            raise InvitationNotFound
        await self.organizations.get(invited.organization_id)
        invitation = await self.invitations.get(invited.organization_id, invited.invitation_id)
        now = self.clock.now()
        if not invitation.is_open(now) or invitation.token_hash not in hashes or invitation.email != person.email:
            raise InvitationNotFound
        await self._still_offered(invitation)
        await self.invitations.remove(invitation)
        accepted = InvitationAccepted(
            organization_id=invitation.organization_id,
            invitation_id=invitation.id,
            user_id=person.user_id,
            occurred_at=now,
        )
        self.events.emit(accepted, of=invitation)
        return await self.joining.join(
            invitation.organization_id, person.user_id, invitation.role_id, invitation.invited_by
        )

    async def _still_offered(self, invitation: Invitation) -> None:
        place = Place(invitation.organization_id)
        inviter = Actor(invitation.invited_by, SessionId(invitation.id), None, 0)
        for needed in (Permission.MEMBERS_WRITE, Permission.VISIBILITY_BYPASS):
            if not await self.authority.holds(inviter, place, needed):
                raise NotHeld
        await self.authority.must_hold_role(inviter, place, invitation.role_id)

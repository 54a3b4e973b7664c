"""Show an invitation to whoever was invited."""

from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import TooManyRequests
from domain.kernel.ports import Clock, Limits
from domain.kernel.usecases import Query, interactor, message, secret
from domain.organizations.errors import InvitationNotFound
from domain.organizations.policies import InvitationPolicy
from domain.organizations.ports import InvitationReader, InvitationTokens
from domain.organizations.schemas import OfferedMembership, Token


@message
class ShowInvitation(Query[OfferedMembership]):
    """Show what the mailed token invites to, and whether the invited address has an account already."""

    token: Token = secret()


@interactor(access=ANYONE, raises=(InvitationNotFound, TooManyRequests))
class ShowInvitationInteractor:
    tokens: InvitationTokens
    reader: InvitationReader
    limits: Limits
    policy: InvitationPolicy
    clock: Clock

    async def __call__(self, request: ShowInvitation, origin: Origin) -> OfferedMembership:
        await self.limits.hit("show_invitation", origin.site, self.policy.sign_ups_per_minute, 60)
        hashes = self.tokens.hashes(request.token)
        invited = await self.reader.find(hashes) if hashes else None
        if invited is None or invited.expires_at <= self.clock.now():
            raise InvitationNotFound
        return OfferedMembership(
            organization=invited.organization_name,
            email=invited.email,
            registered=invited.registered,
            expires_at=invited.expires_at,
        )

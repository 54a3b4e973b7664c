"""Withdraw a grant."""

from domain.access.errors import GrantNotFound, LastOwner, NotHeld
from domain.access.events import GrantWithdrawn
from domain.access.granting import Granting
from domain.access.judging import Judging
from domain.access.repositories import Grants, Roles
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, ConcurrentChange, OrganizationNotFound, PreconditionFailed
from domain.kernel.ids import GrantId, OrganizationId
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class WithdrawGrant(Command[None]):
    """Withdraw a grant.

    Whoever withdraws it must hold everything in its role there, unless it allows something to themselves. An
    organization keeps at least one owner: to unmake one takes `visibility:bypass`.
    """

    organization_id: OrganizationId
    grant_id: GrantId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.GRANTS_WRITE, within="organization_id"),
    raises=(
        OrganizationNotFound,
        BypassRequired,
        GrantNotFound,
        NotHeld,
        LastOwner,
        PreconditionFailed,
        ConcurrentChange,
    ),
    emits=(GrantWithdrawn,),
    audit="access.grant.withdraw",
    simulated=True,
)
class WithdrawGrantInteractor:
    roles: Roles
    grants: Grants
    granting: Granting
    judging: Judging

    async def __call__(self, request: WithdrawGrant, actor: Actor) -> None:
        await self.roles.lock(request.organization_id)
        grant = await self.grants.get(request.organization_id, request.grant_id)
        await self.judging.release(actor, grant)
        if request.expected_version not in {None, grant.version}:
            raise PreconditionFailed
        await self.granting.unmake(grant)

"""Let a service account do again what is granted to it."""

from domain.access.facade import Assignments, Mandates, NotHeld
from domain.identity.service_accounts.errors import ServiceAccountNotFound
from domain.identity.service_accounts.events import ServiceAccountReactivated
from domain.identity.service_accounts.repositories import ServiceAccounts
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import ConcurrentChange, OrganizationNotFound, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, ServiceAccountId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class ReactivateServiceAccount(Command[None]):
    """Let a service account do again what is granted to it; repeated, it changes nothing.

    Whoever does it must hold everything that is granted to it, as if they granted it anew.
    """

    organization_id: OrganizationId
    service_account_id: ServiceAccountId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.SERVICE_ACCOUNTS_WRITE, within="organization_id"),
    raises=(OrganizationNotFound, ServiceAccountNotFound, NotHeld, PreconditionFailed, ConcurrentChange),
    emits=(ServiceAccountReactivated,),
    audit="identity.service_account.reactivate",
    simulated=True,
)
class ReactivateServiceAccountInteractor:
    accounts: ServiceAccounts
    assignments: Assignments
    mandates: Mandates
    events: Events
    clock: Clock

    async def __call__(self, request: ReactivateServiceAccount, actor: Actor) -> None:
        await self.assignments.hold(request.organization_id)
        account = await self.accounts.get(request.organization_id, request.service_account_id)
        if request.expected_version not in (None, account.version):
            raise PreconditionFailed
        if account.is_active:
            return
        await self.mandates.must_hold_everything_of(actor, account.organization_id, account.subject)
        account.is_active = True
        account.updated_at = self.clock.now()
        reactivated = ServiceAccountReactivated(
            organization_id=account.organization_id, service_account_id=account.id, occurred_at=account.updated_at
        )
        self.events.emit(reactivated, of=account)
        await self.accounts.keep(account)

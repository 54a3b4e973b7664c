"""Stop a service account from doing anything."""

from domain.identity.service_accounts.errors import ServiceAccountNotFound
from domain.identity.service_accounts.events import ServiceAccountDeactivated
from domain.identity.service_accounts.repositories import ServiceAccounts
from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, ServiceAccountId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class DeactivateServiceAccount(Command[None]):
    """Stop a service account from doing anything, and keep what is granted to it; repeated, it changes nothing."""

    organization_id: OrganizationId
    service_account_id: ServiceAccountId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.SERVICE_ACCOUNTS_WRITE, within="organization_id"),
    raises=(ServiceAccountNotFound, PreconditionFailed, ConcurrentChange),
    emits=(ServiceAccountDeactivated,),
    audit="identity.service_account.deactivate",
    simulated=True,
)
class DeactivateServiceAccountInteractor:
    accounts: ServiceAccounts
    events: Events
    clock: Clock

    async def __call__(self, request: DeactivateServiceAccount) -> None:
        account = await self.accounts.get(request.organization_id, request.service_account_id)
        if request.expected_version not in (None, account.version):
            raise PreconditionFailed
        if not account.is_active:
            return
        account.is_active = False
        account.updated_at = self.clock.now()
        deactivated = ServiceAccountDeactivated(
            organization_id=account.organization_id, service_account_id=account.id, occurred_at=account.updated_at
        )
        self.events.emit(deactivated, of=account)
        await self.accounts.keep(account)

"""Delete a service account."""

from domain.access.events import GrantWithdrawn
from domain.access.facade import Assignments
from domain.identity.service_accounts.errors import ServiceAccountNotFound
from domain.identity.service_accounts.events import ServiceAccountDeleted
from domain.identity.service_accounts.repositories import ServiceAccounts
from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange, OrganizationNotFound, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, ServiceAccountId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class DeleteServiceAccount(Command[None]):
    """Delete a service account, and withdraw everything that is granted to it."""

    organization_id: OrganizationId
    service_account_id: ServiceAccountId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.SERVICE_ACCOUNTS_WRITE, within="organization_id"),
    raises=(OrganizationNotFound, ServiceAccountNotFound, PreconditionFailed, ConcurrentChange),
    emits=(GrantWithdrawn, ServiceAccountDeleted),
    audit="identity.service_account.delete",
    simulated=True,
)
class DeleteServiceAccountInteractor:
    accounts: ServiceAccounts
    assignments: Assignments
    events: Events
    clock: Clock

    async def __call__(self, request: DeleteServiceAccount) -> None:
        await self.assignments.hold(request.organization_id)
        account = await self.accounts.get(request.organization_id, request.service_account_id)
        if request.expected_version not in (None, account.version):
            raise PreconditionFailed
        await self.assignments.withdraw_everything(account.organization_id, account.subject)
        await self.accounts.remove(account)
        deleted = ServiceAccountDeleted(
            organization_id=account.organization_id, service_account_id=account.id, occurred_at=self.clock.now()
        )
        self.events.emit(deleted, of=account)

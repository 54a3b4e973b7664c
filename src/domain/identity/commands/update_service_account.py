"""Change what a service account is called."""

from domain.identity.service_accounts.errors import (
    ServiceAccountDescriptionInvalid,
    ServiceAccountNameTaken,
    ServiceAccountNotFound,
)
from domain.identity.service_accounts.events import ServiceAccountUpdated
from domain.identity.service_accounts.models import ServiceAccount, description_of
from domain.identity.service_accounts.repositories import ServiceAccounts
from domain.identity.service_accounts.schemas import Description, ServiceAccountInfo
from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange, NameInvalid, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, ServiceAccountId
from domain.kernel.names import name_of
from domain.kernel.ports import Clock
from domain.kernel.schemas import ABSENT, Absent, Name
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class UpdateServiceAccount(Command[ServiceAccountInfo]):
    """Change the name or the description of a service account; what is left out stays."""

    organization_id: OrganizationId
    service_account_id: ServiceAccountId
    name: Name | Absent = ABSENT
    description: Description | Absent = ABSENT
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.SERVICE_ACCOUNTS_WRITE, within="organization_id"),
    raises=(
        ServiceAccountNotFound,
        NameInvalid,
        ServiceAccountDescriptionInvalid,
        ServiceAccountNameTaken,
        PreconditionFailed,
        ConcurrentChange,
    ),
    emits=(ServiceAccountUpdated,),
    audit="identity.service_account.update",
)
class UpdateServiceAccountInteractor:
    accounts: ServiceAccounts
    events: Events
    clock: Clock

    async def __call__(self, request: UpdateServiceAccount) -> ServiceAccountInfo:
        account = await self.accounts.get(request.organization_id, request.service_account_id)
        if request.expected_version not in (None, account.version):
            raise PreconditionFailed
        if _apply(account, request):
            account.updated_at = self.clock.now()
            updated = ServiceAccountUpdated(
                organization_id=account.organization_id,
                service_account_id=account.id,
                name=account.name,
                description=account.description,
                occurred_at=account.updated_at,
            )
            self.events.emit(updated, of=account)
            await self.accounts.keep(account)
        return account.info


def _apply(account: ServiceAccount, request: UpdateServiceAccount) -> bool:
    before = (account.name, account.description)
    if not isinstance(request.name, Absent):
        account.name = name_of(request.name)
    if not isinstance(request.description, Absent):
        account.description = description_of(request.description)
    return before != (account.name, account.description)

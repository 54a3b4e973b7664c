"""Create a service account."""

from domain.identity.service_accounts.errors import ServiceAccountDescriptionInvalid, ServiceAccountNameTaken
from domain.identity.service_accounts.events import ServiceAccountCreated
from domain.identity.service_accounts.models import ServiceAccount, description_of
from domain.identity.service_accounts.repositories import ServiceAccounts
from domain.identity.service_accounts.schemas import Description, ServiceAccountInfo
from domain.kernel.access import Permission, needs
from domain.kernel.errors import NameInvalid, OrganizationNotFound
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId
from domain.kernel.names import name_of
from domain.kernel.ports import Clock
from domain.kernel.schemas import Name
from domain.kernel.usecases import Command, interactor, message


@message
class CreateServiceAccount(Command[ServiceAccountInfo]):
    """Create a service account of an organization; nothing is granted to it at first."""

    organization_id: OrganizationId
    name: Name
    description: Description = ""


@interactor(
    access=needs(Permission.SERVICE_ACCOUNTS_WRITE, within="organization_id"),
    raises=(OrganizationNotFound, NameInvalid, ServiceAccountDescriptionInvalid, ServiceAccountNameTaken),
    emits=(ServiceAccountCreated,),
    audit="identity.service_account.create",
    simulated=True,
)
class CreateServiceAccountInteractor:
    accounts: ServiceAccounts
    events: Events
    clock: Clock

    async def __call__(self, request: CreateServiceAccount) -> ServiceAccountInfo:
        now = self.clock.now()
        account = ServiceAccount(
            organization_id=request.organization_id,
            name=name_of(request.name),
            description=description_of(request.description),
            created_at=now,
            updated_at=now,
        )
        created = ServiceAccountCreated(
            organization_id=account.organization_id,
            service_account_id=account.id,
            name=account.name,
            description=account.description,
            occurred_at=now,
        )
        self.events.emit(created, of=account)
        await self.accounts.add(account)
        return account.info

"""Get a service account."""

from domain.identity.service_accounts.errors import ServiceAccountNotFound
from domain.identity.service_accounts.readers import ServiceAccountLists
from domain.identity.service_accounts.schemas import ServiceAccountInfo
from domain.kernel.access import Permission, needs
from domain.kernel.ids import OrganizationId, ServiceAccountId
from domain.kernel.usecases import Query, interactor, message


@message
class GetServiceAccount(Query[ServiceAccountInfo]):
    """Show a service account."""

    organization_id: OrganizationId
    service_account_id: ServiceAccountId


@interactor(access=needs(Permission.SERVICE_ACCOUNTS_READ, within="organization_id"), raises=(ServiceAccountNotFound,))
class GetServiceAccountInteractor:
    lists: ServiceAccountLists

    async def __call__(self, request: GetServiceAccount) -> ServiceAccountInfo:
        if account := await self.lists.find(request.organization_id, request.service_account_id):
            return account
        raise ServiceAccountNotFound

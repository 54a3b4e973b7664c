"""Get an organization."""

from domain.kernel.access import Permission, needs
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId
from domain.kernel.usecases import Query, interactor, message
from domain.organizations.readers import OrganizationReader
from domain.organizations.schemas import OrganizationInfo


@message
class GetOrganization(Query[OrganizationInfo]):
    """Show an organization."""

    organization_id: OrganizationId


@interactor(
    access=needs(Permission.ORGANIZATIONS_READ, within="organization_id"),
    raises=(OrganizationNotFound,),
)
class GetOrganizationInteractor:
    reader: OrganizationReader

    async def __call__(self, request: GetOrganization) -> OrganizationInfo:
        if found := await self.reader.find(request.organization_id):
            return found
        raise OrganizationNotFound

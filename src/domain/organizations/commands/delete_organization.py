"""Delete an organization."""

from domain.kernel.access import Permission, needs
from domain.kernel.errors import OrganizationNotFound, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import PLATFORM, OrganizationId
from domain.kernel.ports import Clock
from domain.kernel.revocation import Revoking
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.organizations.errors import PlatformFixed
from domain.organizations.events import OrganizationDeleted
from domain.organizations.repositories import Organizations


@message
class DeleteOrganization(Command[None]):
    """Delete an organization with its members, service accounts, roles, grants, teams, resources and configuration."""

    organization_id: OrganizationId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.ORGANIZATIONS_OWN, within="organization_id"),
    raises=(OrganizationNotFound, PlatformFixed, PreconditionFailed),
    emits=(OrganizationDeleted,),
    audit="organizations.organization.delete",
    simulated=True,
)
class DeleteOrganizationInteractor:
    organizations: Organizations
    revoking: Revoking
    events: Events
    clock: Clock

    async def __call__(self, request: DeleteOrganization) -> None:
        if request.organization_id == PLATFORM:
            raise PlatformFixed
        organization = await self.organizations.get(request.organization_id)
        if request.expected_version not in (None, organization.version):
            raise PreconditionFailed
        await self.organizations.remove(organization)
        now = self.clock.now()
        gone = OrganizationDeleted(organization_id=organization.id, occurred_at=now)
        self.events.emit(gone, of=organization, revokes=[self.revoking.organization(organization.id, now)])

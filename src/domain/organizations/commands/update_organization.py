"""Change an organization."""

from domain.kernel.access import Permission, needs
from domain.kernel.errors import NameInvalid, OrganizationNotFound, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import PLATFORM, OrganizationId
from domain.kernel.names import name_of
from domain.kernel.ports import Clock
from domain.kernel.schemas import ABSENT, Absent, Name
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.organizations.describing import organization_info
from domain.organizations.errors import PlatformFixed, SlugInvalid, SlugTaken
from domain.organizations.events import OrganizationUpdated
from domain.organizations.models import Organization, slug_of
from domain.organizations.repositories import Organizations
from domain.organizations.schemas import OrganizationInfo, Slug


@message
class UpdateOrganization(Command[OrganizationInfo]):
    """Change the name or the slug of an organization; what is left out stays."""

    organization_id: OrganizationId
    name: Name | Absent = ABSENT
    slug: Slug | Absent = ABSENT
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.ORGANIZATIONS_WRITE, within="organization_id"),
    raises=(OrganizationNotFound, PlatformFixed, NameInvalid, SlugInvalid, SlugTaken, PreconditionFailed),
    emits=(OrganizationUpdated,),
    audit="organizations.organization.update",
)
class UpdateOrganizationInteractor:
    organizations: Organizations
    events: Events
    clock: Clock

    async def __call__(self, request: UpdateOrganization) -> OrganizationInfo:
        if request.organization_id == PLATFORM:
            raise PlatformFixed
        organization = await self.organizations.get(request.organization_id)
        if request.expected_version not in (None, organization.version):
            raise PreconditionFailed
        if _apply(organization, request):
            organization.updated_at = self.clock.now()
            changed = OrganizationUpdated(
                organization_id=organization.id,
                name=organization.name,
                slug=organization.slug,
                occurred_at=organization.updated_at,
            )
            self.events.emit(changed, of=organization)
            await self.organizations.keep(organization)
        return organization_info(organization)


def _apply(organization: Organization, request: UpdateOrganization) -> bool:
    before = (organization.name, organization.slug)
    if not isinstance(request.name, Absent):
        organization.name = name_of(request.name)
    if not isinstance(request.slug, Absent):
        organization.slug = slug_of(request.slug)
    return before != (organization.name, organization.slug)

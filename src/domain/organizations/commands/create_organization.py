"""Create an organization."""

from domain.access.events import GrantMade
from domain.access.facade import Assignments
from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.errors import NameInvalid
from domain.kernel.events import Events
from domain.kernel.names import name_of
from domain.kernel.ports import Clock
from domain.kernel.schemas import Name
from domain.kernel.usecases import Command, interactor, message
from domain.organizations.describing import organization_info
from domain.organizations.errors import SlugInvalid, SlugTaken
from domain.organizations.events import MemberAdded, OrganizationCreated
from domain.organizations.joining import Joining
from domain.organizations.models import Organization, slug_of
from domain.organizations.repositories import Organizations
from domain.organizations.schemas import OrganizationInfo, Slug


@message
class CreateOrganization(Command[OrganizationInfo]):
    """Create an organization, which the signed-in person then owns."""

    name: Name
    slug: Slug


@interactor(
    access=SIGNED_IN,
    raises=(NameInvalid, SlugInvalid, SlugTaken),
    emits=(OrganizationCreated, MemberAdded, GrantMade),
    audit="organizations.organization.create",
)
class CreateOrganizationInteractor:
    organizations: Organizations
    assignments: Assignments
    joining: Joining
    events: Events
    clock: Clock

    async def __call__(self, request: CreateOrganization, actor: Actor) -> OrganizationInfo:
        now = self.clock.now()
        organization = Organization(
            name=name_of(request.name), slug=slug_of(request.slug), created_at=now, updated_at=now
        )
        created = OrganizationCreated(
            organization_id=organization.id,
            name=organization.name,
            slug=organization.slug,
            created_by=actor.user_id,
            occurred_at=now,
        )
        self.events.emit(created, of=organization)
        await self.organizations.add(organization)
        owner = await self.assignments.role(organization.id, "owner")
        await self.joining.join(organization.id, actor.user_id, owner, actor.user_id)
        return organization_info(organization)

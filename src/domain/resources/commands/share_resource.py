"""Share a resource."""

from datetime import datetime

from domain.access.events import GrantMade, GrantWithdrawn
from domain.access.facade import Assignments, Authority, NotHeld, Place, RoleNotFound, Subject
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import Forbidden
from domain.kernel.ids import OrganizationId, ResourceId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, interactor, message
from domain.resources.errors import ExpiryInvalid, ResourceNotFound, SubjectNotFound
from domain.resources.ports import Belonging
from domain.resources.repositories import Resources
from domain.resources.schemas import RoleName, Share, ShareSubject
from domain.resources.seeing import Seeing


@message
class ShareResource(Command[Share]):
    """Grant somebody a role on a resource; with `below` also on everything that lies in it, now or later."""

    organization_id: OrganizationId
    resource_id: ResourceId
    subject: ShareSubject
    role: RoleName
    below: bool = False
    expires_at: datetime | None = None


@interactor(
    access=needs(Permission.RESOURCES_SHARE, within="organization_id", on="resource_id"),
    raises=(ExpiryInvalid, NotHeld, ResourceNotFound, RoleNotFound, SubjectNotFound),
    emits=(GrantMade, GrantWithdrawn),
    audit="resources.resource.share",
    simulated=True,
)
class ShareResourceInteractor:
    resources: Resources
    belonging: Belonging
    assignments: Assignments
    authority: Authority
    seeing: Seeing
    clock: Clock

    async def __call__(self, request: ShareResource, actor: Actor) -> Share:
        if request.expires_at is not None and request.expires_at <= self.clock.now():
            raise ExpiryInvalid
        resource = await self.resources.get(request.organization_id, request.resource_id)
        await self.seeing.must_see(actor, resource)
        place = Place(request.organization_id, resource.id, request.below)
        if not await self.authority.holds(actor, place, Permission.RESOURCES_SHARE):
            raise Forbidden
        subject = Subject(request.subject.type, request.subject.id)
        known = await self.seeing.knows(actor, request.organization_id, subject)
        if not (known and await self.belonging.includes(request.organization_id, subject)):
            raise SubjectNotFound
        role_id = await self.assignments.role(request.organization_id, request.role)
        await self.authority.must_hold_role(actor, place, role_id)
        grant_id = await self.assignments.assign(place, subject, role_id, actor.user_id, request.expires_at)
        return Share(grant_id, request.subject, request.role, request.below, request.expires_at)

"""Change a resource."""

from typing import Any, Final, Literal

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.ids import OrganizationId, ResourceId, UserId
from domain.kernel.schemas import ABSENT, Absent
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.resources.errors import AttributesInvalid, ResourceNotFound
from domain.resources.events import ResourceMoved, ResourceUpdated
from domain.resources.models import attributes_of
from domain.resources.reach import Reach
from domain.resources.registering import REFUSALS, Registration
from domain.resources.repositories import Resources
from domain.resources.schemas import ResourceInfo, ResourceName, key_of
from domain.resources.seeing import Seeing
from domain.resources.wanting import Wanted

_KEPT: Final[tuple[Literal["owner"], Literal["parent"]]] = ("owner", "parent")


@message
class UpdateResource(Command[ResourceInfo]):
    """Change a resource, or move it with everything below it; what is left out stays, and null empties.

    Moving takes `resources:write` at both places, and `visibility:bypass`, for the tree is common to all.
    """

    organization_id: OrganizationId
    resource_id: ResourceId
    owner: UserId | Absent | None = ABSENT
    parent: ResourceName | Absent | None = ABSENT
    attributes: dict[str, Any] | Absent | None = ABSENT
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.RESOURCES_WRITE, within="organization_id", on="resource_id"),
    raises=(*REFUSALS, AttributesInvalid, ResourceNotFound),
    emits=(ResourceMoved, ResourceUpdated),
    audit="resources.resource.update",
    simulated=True,
)
class UpdateResourceInteractor:
    resources: Resources
    registration: Registration
    reach: Reach
    seeing: Seeing

    async def __call__(self, request: UpdateResource, actor: Actor) -> ResourceInfo:
        organization_id = request.organization_id
        kept = frozenset(name for name in _KEPT if isinstance(getattr(request, name), Absent))
        # Nobody else moves anything.
        if "parent" not in kept and await self.seeing.walls.bypasses(actor, organization_id):
            await self.resources.hold(organization_id, moving=True)
        found = await self.resources.get(organization_id, request.resource_id)
        await self.seeing.must_see(actor, found)
        await self.reach.must_write(actor, organization_id, {found.id})
        above = found.parent.key if found.parent else None
        wanted = Wanted(
            found.key,
            found.owner_id if isinstance(request.owner, Absent) else request.owner,
            above if isinstance(request.parent, Absent) else key_of(request.parent),
            found.attributes if isinstance(request.attributes, Absent) else attributes_of(request.attributes or {}),
            request.expected_version,
            kept,
        )
        return await self.seeing.info(actor, await self.registration.put(actor, organization_id, wanted))

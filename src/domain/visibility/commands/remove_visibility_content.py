"""Hide something no more behind a visibility group."""

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, ConcurrentChange
from domain.kernel.events import Events
from domain.kernel.ids import GroupId, OrganizationId, UserId
from domain.kernel.usecases import Command, interactor, message
from domain.visibility.errors import ContentNotFound, GroupNotFound, NotInGroup, NotOne
from domain.visibility.events import VisibilityContentRemoved
from domain.visibility.repositories import Contents, VisibilityGroups
from domain.visibility.schemas import ContentName, ExternalId, ResourceType
from domain.visibility.sight import Sight


@message
class RemoveVisibilityContent(Command[None]):
    """Take a resource, named by type and id together, or a person out of a visibility group.

    A resource only with `visibility:bypass`: what it lies in may stand behind another wall.
    """

    organization_id: OrganizationId
    group_id: GroupId
    resource_type: ResourceType | None = None
    resource_id: ExternalId | None = None
    user_id: UserId | None = None


@interactor(
    access=needs(Permission.VISIBILITY_WRITE, within="organization_id"),
    raises=(GroupNotFound, BypassRequired, NotOne, ContentNotFound, NotInGroup, ConcurrentChange),
    emits=(VisibilityContentRemoved,),
    audit="visibility.content.remove",
    simulated=True,
)
class RemoveVisibilityContentInteractor:
    groups: VisibilityGroups
    contents: Contents
    sight: Sight
    events: Events

    async def __call__(self, request: RemoveVisibilityContent, actor: Actor) -> None:
        resource = _named(request.resource_type, request.resource_id)
        group = await self.groups.get(request.organization_id, request.group_id)
        if resource:
            await self.sight.must_bypass(actor, group.organization_id)
        content = await self.sight.content(actor, group.organization_id, resource, request.user_id)
        await self.contents.remove(group, content)
        removed = VisibilityContentRemoved(
            organization_id=group.organization_id,
            group_id=group.id,
            resource_id=content.resource_id,
            user_id=content.user_id,
        )
        self.events.emit(removed, of=group)
        await self.groups.keep(group)


def _named(kind: str | None, external_id: str | None) -> ContentName | None:
    """Return the resource that both name together, None if neither is given."""
    if kind is not None and external_id is not None:
        return ContentName(kind, external_id)
    if kind is None and external_id is None:
        return None
    raise NotOne

"""Hide something from all but the members of a visibility group."""

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import ConcurrentChange
from domain.kernel.events import Events
from domain.kernel.ids import GroupId, OrganizationId, UserId
from domain.kernel.usecases import Command, interactor, message
from domain.visibility.errors import AlreadyInGroup, ContentNotFound, GroupNotFound, NotOne
from domain.visibility.events import VisibilityContentAdded
from domain.visibility.repositories import Contents, VisibilityGroups
from domain.visibility.schemas import ContentName, VisibilityContentInfo
from domain.visibility.sight import Sight


@message
class AddVisibilityContent(Command[VisibilityContentInfo]):
    """Put a resource with everything below it, or a person, in a visibility group."""

    organization_id: OrganizationId
    group_id: GroupId
    resource: ContentName | None = None
    user_id: UserId | None = None


@interactor(
    access=needs(Permission.VISIBILITY_WRITE, within="organization_id"),
    raises=(GroupNotFound, NotOne, ContentNotFound, AlreadyInGroup, ConcurrentChange),
    emits=(VisibilityContentAdded,),
    audit="visibility.content.add",
    simulated=True,
)
class AddVisibilityContentInteractor:
    groups: VisibilityGroups
    contents: Contents
    sight: Sight
    events: Events

    async def __call__(self, request: AddVisibilityContent, actor: Actor) -> VisibilityContentInfo:
        group = await self.groups.get(request.organization_id, request.group_id)
        content = await self.sight.content(actor, group.organization_id, request.resource, request.user_id)
        await self.contents.add(group, content)
        added = VisibilityContentAdded(
            organization_id=group.organization_id,
            group_id=group.id,
            resource_id=content.resource_id,
            user_id=content.user_id,
        )
        self.events.emit(added, of=group)
        await self.groups.keep(group)
        return VisibilityContentInfo(request.resource, request.user_id)

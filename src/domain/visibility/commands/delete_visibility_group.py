"""Delete a visibility group."""

from domain.access.facade import NotHeld
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import ConcurrentChange, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import GroupId, OrganizationId
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.visibility.errors import GroupNotFound
from domain.visibility.events import VisibilityGroupDeleted
from domain.visibility.repositories import Contents, VisibilityGroups
from domain.visibility.sight import Sight


@message
class DeleteVisibilityGroup(Command[None]):
    """Delete a visibility group; one that hides something, only those who see what it hides."""

    organization_id: OrganizationId
    group_id: GroupId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.VISIBILITY_WRITE, within="organization_id"),
    raises=(GroupNotFound, NotHeld, PreconditionFailed, ConcurrentChange),
    emits=(VisibilityGroupDeleted,),
    audit="visibility.group.delete",
    simulated=True,
)
class DeleteVisibilityGroupInteractor:
    groups: VisibilityGroups
    contents: Contents
    sight: Sight
    events: Events

    async def __call__(self, request: DeleteVisibilityGroup, actor: Actor) -> None:
        group = await self.groups.get(request.organization_id, request.group_id)
        if request.expected_version not in (None, group.version):
            raise PreconditionFailed
        if await self.contents.any(group):
            await self.sight.must_see_into(actor, group)
        await self.groups.remove(group)
        self.events.emit(VisibilityGroupDeleted(organization_id=group.organization_id, group_id=group.id), of=group)

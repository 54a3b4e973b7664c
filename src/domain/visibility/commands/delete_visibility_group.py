"""Delete a visibility group."""

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, ConcurrentChange, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import GroupId, OrganizationId
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.visibility.errors import GroupNotFound
from domain.visibility.events import VisibilityGroupDeleted
from domain.visibility.repositories import VisibilityGroups
from domain.visibility.sight import Sight


@message
class DeleteVisibilityGroup(Command[None]):
    """Delete a visibility group, whether or not it hides something; takes `visibility:bypass` too."""

    organization_id: OrganizationId
    group_id: GroupId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.VISIBILITY_WRITE, within="organization_id"),
    raises=(GroupNotFound, BypassRequired, PreconditionFailed, ConcurrentChange),
    emits=(VisibilityGroupDeleted,),
    audit="visibility.group.delete",
    simulated=True,
)
class DeleteVisibilityGroupInteractor:
    groups: VisibilityGroups
    sight: Sight
    events: Events

    async def __call__(self, request: DeleteVisibilityGroup, actor: Actor) -> None:
        group = await self.groups.get(request.organization_id, request.group_id)
        if request.expected_version not in (None, group.version):
            raise PreconditionFailed
        await self.sight.must_bypass(actor, group.organization_id)
        await self.groups.remove(group)
        self.events.emit(VisibilityGroupDeleted(organization_id=group.organization_id, group_id=group.id), of=group)

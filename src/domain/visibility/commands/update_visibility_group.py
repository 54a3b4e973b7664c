"""Rename a visibility group."""

from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange, NameInvalid, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import GroupId, OrganizationId
from domain.kernel.names import name_of
from domain.kernel.ports import Clock
from domain.kernel.schemas import Name
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.visibility.errors import GroupNameTaken, GroupNotFound
from domain.visibility.events import VisibilityGroupUpdated
from domain.visibility.repositories import VisibilityGroups
from domain.visibility.schemas import VisibilityGroupInfo


@message
class UpdateVisibilityGroup(Command[VisibilityGroupInfo]):
    """Rename a visibility group."""

    organization_id: OrganizationId
    group_id: GroupId
    name: Name
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.VISIBILITY_WRITE, within="organization_id"),
    raises=(GroupNotFound, NameInvalid, GroupNameTaken, PreconditionFailed, ConcurrentChange),
    emits=(VisibilityGroupUpdated,),
    audit="visibility.group.update",
)
class UpdateVisibilityGroupInteractor:
    groups: VisibilityGroups
    events: Events
    clock: Clock

    async def __call__(self, request: UpdateVisibilityGroup) -> VisibilityGroupInfo:
        group = await self.groups.get(request.organization_id, request.group_id)
        if request.expected_version not in (None, group.version):
            raise PreconditionFailed
        name = name_of(request.name)
        if name != group.name:
            group.name, group.updated_at = name, self.clock.now()
            updated = VisibilityGroupUpdated(organization_id=group.organization_id, group_id=group.id, name=name)
            self.events.emit(updated, of=group)
            await self.groups.keep(group)
        return group.info

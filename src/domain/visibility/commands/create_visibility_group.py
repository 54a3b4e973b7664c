"""Create a visibility group."""

from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange, NameInvalid, OrganizationNotFound
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId
from domain.kernel.names import name_of
from domain.kernel.ports import Clock
from domain.kernel.schemas import Name
from domain.kernel.usecases import Command, interactor, message
from domain.visibility.errors import GroupNameTaken
from domain.visibility.events import VisibilityGroupCreated
from domain.visibility.models import VisibilityGroup
from domain.visibility.repositories import VisibilityGroups
from domain.visibility.schemas import VisibilityGroupInfo


@message
class CreateVisibilityGroup(Command[VisibilityGroupInfo]):
    """Create a visibility group; nobody and nothing is in it at first."""

    organization_id: OrganizationId
    name: Name


@interactor(
    access=needs(Permission.VISIBILITY_WRITE, within="organization_id"),
    raises=(OrganizationNotFound, NameInvalid, GroupNameTaken, ConcurrentChange),
    emits=(VisibilityGroupCreated,),
    audit="visibility.group.create",
    simulated=True,
)
class CreateVisibilityGroupInteractor:
    groups: VisibilityGroups
    events: Events
    clock: Clock

    async def __call__(self, request: CreateVisibilityGroup) -> VisibilityGroupInfo:
        now = self.clock.now()
        group = VisibilityGroup(
            organization_id=request.organization_id, name=name_of(request.name), created_at=now, updated_at=now
        )
        created = VisibilityGroupCreated(organization_id=group.organization_id, group_id=group.id, name=group.name)
        self.events.emit(created, of=group)
        await self.groups.add(group)
        return group.info

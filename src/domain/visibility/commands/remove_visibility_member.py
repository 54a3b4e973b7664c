"""Have somebody see no more what is in a visibility group."""

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import ConcurrentChange
from domain.kernel.events import Events
from domain.kernel.ids import GroupId, OrganizationId, TeamId, UserId
from domain.kernel.usecases import Command, interactor, message
from domain.visibility.errors import GroupNotFound, NotInGroup, NotOne
from domain.visibility.events import VisibilityMemberRemoved
from domain.visibility.models import Viewer
from domain.visibility.repositories import Viewers, VisibilityGroups
from domain.visibility.sight import Sight


@message
class RemoveVisibilityMember(Command[None]):
    """Take a person or a team out of a visibility group."""

    organization_id: OrganizationId
    group_id: GroupId
    user_id: UserId | None = None
    team_id: TeamId | None = None


@interactor(
    access=needs(Permission.VISIBILITY_WRITE, within="organization_id"),
    raises=(GroupNotFound, NotOne, NotInGroup, ConcurrentChange),
    emits=(VisibilityMemberRemoved,),
    audit="visibility.member.remove",
    simulated=True,
)
class RemoveVisibilityMemberInteractor:
    groups: VisibilityGroups
    viewers: Viewers
    sight: Sight
    events: Events

    async def __call__(self, request: RemoveVisibilityMember, actor: Actor) -> None:
        viewer = Viewer.of(request.user_id, request.team_id)
        group = await self.groups.get(request.organization_id, request.group_id)
        await self.sight.taken(actor, group, viewer)
        await self.viewers.remove(group, viewer)
        removed = VisibilityMemberRemoved(
            organization_id=group.organization_id,
            group_id=group.id,
            user_id=viewer.user_id,
            team_id=viewer.team_id,
        )
        self.events.emit(removed, of=group)
        await self.groups.keep(group)

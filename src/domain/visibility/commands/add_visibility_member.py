"""Let somebody see what is in a visibility group."""

from domain.access.facade import NotHeld
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import ConcurrentChange
from domain.kernel.events import Events
from domain.kernel.ids import GroupId, OrganizationId, TeamId, UserId
from domain.kernel.usecases import Command, interactor, message
from domain.visibility.errors import AlreadyInGroup, GroupNotFound, NotOne, ViewerNotFound
from domain.visibility.events import VisibilityMemberAdded
from domain.visibility.models import Viewer
from domain.visibility.repositories import Viewers, VisibilityGroups
from domain.visibility.schemas import VisibilityMemberInfo
from domain.visibility.sight import Sight


@message
class AddVisibilityMember(Command[VisibilityMemberInfo]):
    """Let a person, or everybody in and below a team, see what is in a visibility group.

    Who is not in the group may not put themselves or their teams in it, unless they hold `visibility:bypass`.
    """

    organization_id: OrganizationId
    group_id: GroupId
    user_id: UserId | None = None
    team_id: TeamId | None = None


@interactor(
    access=needs(Permission.VISIBILITY_WRITE, within="organization_id"),
    raises=(GroupNotFound, NotOne, ViewerNotFound, NotHeld, AlreadyInGroup, ConcurrentChange),
    emits=(VisibilityMemberAdded,),
    audit="visibility.member.add",
    simulated=True,
)
class AddVisibilityMemberInteractor:
    groups: VisibilityGroups
    viewers: Viewers
    sight: Sight
    events: Events

    async def __call__(self, request: AddVisibilityMember, actor: Actor) -> VisibilityMemberInfo:
        viewer = Viewer.of(request.user_id, request.team_id)
        group = await self.groups.get(request.organization_id, request.group_id)
        await self.sight.viewer(actor, group, viewer)
        await self.viewers.add(group, viewer)
        added = VisibilityMemberAdded(
            organization_id=group.organization_id,
            group_id=group.id,
            user_id=viewer.user_id,
            team_id=viewer.team_id,
        )
        self.events.emit(added, of=group)
        await self.groups.keep(group)
        return viewer.info

"""Where visibility groups are kept."""

from typing import Protocol

from domain.kernel.access import Eyes
from domain.kernel.ids import GroupId, OrganizationId, ResourceId, UserId
from domain.visibility.models import Content, Viewer, VisibilityGroup
from domain.visibility.schemas import ContentName


class VisibilityGroups(Protocol):
    """The visibility groups of organizations, in the transaction of the command."""

    async def get(self, organization_id: OrganizationId, group_id: GroupId) -> VisibilityGroup:
        """Return the group, which nobody else changes, fills or empties until the command ends, or `GroupNotFound`."""

    async def add(self, group: VisibilityGroup) -> None:
        """Add `group`, or raise `GroupNameTaken`."""

    async def keep(self, group: VisibilityGroup) -> None:
        """Write what changed, or raise `GroupNameTaken`."""

    async def remove(self, group: VisibilityGroup) -> None:
        """Delete `group`; what was in it stands behind the walls that are left."""


class Viewers(Protocol):
    """Who is in the groups, in the transaction of the command."""

    async def includes(self, group: VisibilityGroup, user_id: UserId) -> bool:
        """Return whether the person is in the group, by themselves or by a team that they are in or below."""

    async def stands_for(self, organization_id: OrganizationId, viewer: Viewer, user_id: UserId) -> bool:
        """Return whether the viewer is the person themselves, or a team that they are in or below.

        Until the command ends nobody is put in that team or below it.
        """

    async def seen(self, organization_id: OrganizationId, viewer: Viewer, by: Eyes) -> bool:
        """Return whether there is such a member or team in the organization, not hidden by a wall."""

    async def add(self, group: VisibilityGroup, viewer: Viewer) -> None:
        """Add `viewer`; raise `ViewerNotFound`, or `AlreadyInGroup`."""

    async def remove(self, group: VisibilityGroup, viewer: Viewer) -> None:
        """Take `viewer` out, or raise `NotInGroup`."""


class Contents(Protocol):
    """What is in the groups, in the transaction of the command."""

    async def hold(self, organization_id: OrganizationId) -> None:
        """Have nobody else make, move or wall resources of the organization until the command ends.

        Asked for before any resource is.
        """

    async def resource(self, organization_id: OrganizationId, name: ContentName, by: Eyes) -> ResourceId | None:
        """Return the resource of that name, unless a wall hides it."""

    async def add(self, group: VisibilityGroup, content: Content) -> None:
        """Add `content`, with everything below it; raise `ContentNotFound`, or `AlreadyInGroup`."""

    async def remove(self, group: VisibilityGroup, content: Content) -> None:
        """Take `content` out, or raise `NotInGroup`."""

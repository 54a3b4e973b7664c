"""What the suites of teams and visibility groups need of an adapter."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from domain.access.facade import Place
from domain.kernel.access import Eyes
from domain.kernel.ids import OrganizationId, ResourceId, RoleId, TeamId, UserId, uuid7
from domain.teams.models import Team, TeamMember
from domain.teams.ports import Inheritance
from domain.teams.readers import TeamLists
from domain.teams.repositories import TeamMembers, Teams
from domain.teams.schemas import TeamRole
from domain.visibility.models import Content, Viewer, VisibilityGroup
from domain.visibility.readers import VisibilityLists
from domain.visibility.repositories import Contents, Viewers, VisibilityGroups

ANYBODY = Eyes(UserId(uuid7()), bypass=True)
"""Somebody from whom no wall hides anything."""
MOMENT = datetime(2030, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


@dataclass(frozen=True)
class Ports:
    """What takes part in one transaction."""

    teams: Teams
    members: TeamMembers
    inheritance: Inheritance
    groups: VisibilityGroups
    viewers: Viewers
    contents: Contents


class Ground(Protocol):
    """Makes transactions, and reads what they committed. What other capabilities keep is there when it is asked for."""

    @property
    def teams(self) -> TeamLists: ...

    @property
    def visibility(self) -> VisibilityLists: ...

    def transaction(self) -> AbstractAsyncContextManager[Ports]:
        """Commit what happens within; discard it if something is raised."""

    async def organization(self) -> OrganizationId:
        """Make an organization."""

    async def member(self, *organization_ids: OrganizationId) -> UserId:
        """Make a person who is a member of these."""

    async def granted(
        self, place: Place, team_id: TeamId, role_id: RoleId | None = None, *, effect: str = "allow", days: int = 0
    ) -> RoleId:
        """Grant or deny the team a role, a new one unless it is given, for ever or for these days; return the role."""

    async def resource(
        self, organization_id: OrganizationId, parent_id: ResourceId | None = None, owner_id: UserId | None = None
    ) -> ResourceId:
        """Make a `folder` whose external id is its own, behind the wall of what it lies in."""

    async def wall(self, resource_id: ResourceId) -> ResourceId | None:
        """Return which wall the resource stands behind."""


async def team(
    ground: Ground, organization_id: OrganizationId, name: str = "crew", parent: Team | None = None, **more: Any
) -> Team:
    """Return a team that was added."""
    known: dict[str, Any] = {"created_at": MOMENT, "updated_at": MOMENT, "version": 1}
    made = Team(organization_id=organization_id, name=name, **known | more)
    made.lie_in(parent)
    async with ground.transaction() as ports:
        await ports.teams.add(made)
    return made


async def put(ground: Ground, into: Team, user_id: UserId, role: TeamRole = TeamRole.MEMBER) -> TeamMember:
    """Put somebody in a team."""
    member = TeamMember(
        team_id=into.id, organization_id=into.organization_id, user_id=user_id, role=role, created_at=MOMENT
    )
    async with ground.transaction() as ports:
        await ports.members.add(member)
    return member


async def moved(ground: Ground, moving: Team, parent: Team | None) -> None:
    """Move a team, as the command does."""
    async with ground.transaction() as ports:
        await ports.teams.hold(moving.organization_id)
        found = await ports.teams.find(moving.organization_id, moving.id)
        above = parent and await ports.teams.find(moving.organization_id, parent.id)
        assert found
        found.lie_in(above)
        found.version += 1
        await ports.teams.keep_moved(found)


async def path(ground: Ground, of: Team) -> Sequence[TeamId]:
    """Return where a team lies."""
    async with ground.transaction() as ports:
        found = await ports.teams.find(of.organization_id, of.id)
        assert found
        return list(found.path)


async def group(ground: Ground, organization_id: OrganizationId, name: str = "secret", **more: Any) -> VisibilityGroup:
    """Return a visibility group that was added."""
    known: dict[str, Any] = {"created_at": MOMENT, "updated_at": MOMENT, "version": 1}
    made = VisibilityGroup(organization_id=organization_id, name=name, **known | more)
    async with ground.transaction() as ports:
        await ports.groups.add(made)
    return made


async def let_see(ground: Ground, into: VisibilityGroup, viewer: Viewer) -> None:
    """Put somebody in a visibility group."""
    async with ground.transaction() as ports:
        await ports.viewers.add(into, viewer)


async def hide(ground: Ground, into: VisibilityGroup, content: Content, *, out: bool = False) -> None:
    """Put something in a visibility group, or take it out, as the commands do."""
    async with ground.transaction() as ports:
        found = await ports.groups.get(into.organization_id, into.id)
        await ports.contents.hold(into.organization_id)
        await (ports.contents.remove(found, content) if out else ports.contents.add(found, content))


def later(seconds: int) -> dict[str, Any]:
    """Return what makes something younger than others."""
    return {"created_at": MOMENT + timedelta(seconds=seconds)}

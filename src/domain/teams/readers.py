"""How teams are read, without loading what commands change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.kernel.access import Eyes
from domain.kernel.ids import OrganizationId, TeamId, UserId
from domain.teams.schemas import TeamInfo, TeamMemberInfo


@dataclass(frozen=True, slots=True)
class TeamPlace:
    """A place in the list of teams, the newest first."""

    created_at: datetime
    team_id: TeamId


@dataclass(frozen=True, slots=True)
class TeamFilter:
    """Which teams of an organization to list."""

    organization_id: OrganizationId
    parent_id: TeamId | None = None
    """Those that lie directly in this one."""
    top: bool = False
    """Those that lie in none."""


class TeamLists(Protocol):
    """Read teams as last committed."""

    async def find(self, organization_id: OrganizationId, team_id: TeamId) -> TeamInfo | None:
        """Return the team."""

    async def list(self, wanted: TeamFilter, after: TeamPlace | None, most: int) -> Sequence[TeamInfo]:
        """Return up to `most` teams behind the place `after`, the newest first."""

    async def members(
        self, organization_id: OrganizationId, team_id: TeamId, by: Eyes, after: UserId | None, most: int
    ) -> Sequence[TeamMemberInfo]:
        """Return up to `most` members of the team that no wall hides, behind `after`, in the order of their ids."""

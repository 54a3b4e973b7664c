"""Teams, and their invariants."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final

from domain.kernel.ids import OrganizationId, TeamId, UserId, uuid7
from domain.teams.errors import TeamInItself, TeamTooDeep
from domain.teams.schemas import TeamInfo, TeamMemberInfo, TeamRole

DEEPEST: Final = 16


@dataclass(eq=False, kw_only=True)
class Team:
    """Some members of an organization. What is granted to a team reaches everybody in it and below it."""

    aggregate: ClassVar[str] = "team"

    id: TeamId = field(default_factory=lambda: TeamId(uuid7()))
    organization_id: OrganizationId
    name: str
    parent_id: TeamId | None = None
    path: list[TeamId] = field(default_factory=list)
    """The team and those above it, itself first."""
    created_at: datetime
    updated_at: datetime
    version: int = 0

    def lie_in(self, parent: "Team | None") -> None:
        """Put the team below `parent`, or at the top; raise `TeamInItself`, `TeamTooDeep`."""
        above = parent.path if parent else []
        if self.id in above:
            raise TeamInItself
        if len(above) >= DEEPEST:
            raise TeamTooDeep
        self.parent_id = parent.id if parent else None
        self.path = [self.id, *above]

    @property
    def info(self) -> TeamInfo:
        """What callers are shown."""
        return TeamInfo(
            id=self.id,
            organization_id=self.organization_id,
            parent_id=self.parent_id,
            name=self.name,
            created_at=self.created_at,
            updated_at=self.updated_at,
            version=self.version,
        )


@dataclass(eq=False, kw_only=True)
class TeamMember:
    """Somebody in a team."""

    team_id: TeamId
    organization_id: OrganizationId
    user_id: UserId
    role: TeamRole
    created_at: datetime

    @property
    def info(self) -> TeamMemberInfo:
        """What callers are shown."""
        return TeamMemberInfo(user_id=self.user_id, role=self.role, created_at=self.created_at)

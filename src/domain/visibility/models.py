"""Visibility groups, and their invariants."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Self

from domain.kernel.ids import GroupId, OrganizationId, ResourceId, TeamId, UserId, uuid7
from domain.visibility.errors import NotOne
from domain.visibility.schemas import VisibilityGroupInfo, VisibilityMemberInfo


@dataclass(eq=False, kw_only=True)
class VisibilityGroup:
    """A wall: what is in the group is seen by its members, and by nobody else who is not in another of its groups."""

    aggregate: ClassVar[str] = "visibility_group"

    id: GroupId = field(default_factory=lambda: GroupId(uuid7()))
    organization_id: OrganizationId
    name: str
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @property
    def info(self) -> VisibilityGroupInfo:
        """What callers are shown."""
        return VisibilityGroupInfo(
            id=self.id,
            organization_id=self.organization_id,
            name=self.name,
            created_at=self.created_at,
            updated_at=self.updated_at,
            version=self.version,
        )


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is in a group: a person or a team."""

    user_id: UserId | None = None
    team_id: TeamId | None = None

    @classmethod
    def of(cls, user_id: UserId | None, team_id: TeamId | None) -> Self:
        """Return the one that is named, or raise `NotOne`."""
        if (user_id is None) == (team_id is None):
            raise NotOne
        return cls(user_id, team_id)

    @property
    def info(self) -> VisibilityMemberInfo:
        """What callers are shown."""
        return VisibilityMemberInfo(self.user_id, self.team_id)


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a group: a resource or a person."""

    resource_id: ResourceId | None = None
    user_id: UserId | None = None

"""What teams show to callers, and what they take from them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.kernel.ids import OrganizationId, TeamId, UserId


class TeamRole(StrEnum):
    """What somebody is in a team: an admin manages who is in it, and everything below it."""

    ADMIN = "admin"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class TeamInfo:
    """A team. Without a parent it lies at the top."""

    id: TeamId
    organization_id: OrganizationId
    parent_id: TeamId | None
    name: str
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class TeamMemberInfo:
    """Somebody in a team."""

    user_id: UserId
    role: TeamRole
    created_at: datetime

"""What visibility groups show to callers, and what they take from them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from domain.kernel.ids import GroupId, OrganizationId, TeamId, UserId
from domain.kernel.schemas import Length

ResourceType = Annotated[str, Length(1, 64)]
ExternalId = Annotated[str, Length(1, 256)]


@dataclass(frozen=True, slots=True)
class ContentName:
    """A resource, as the service that has it calls it."""

    type: ResourceType
    id: ExternalId


@dataclass(frozen=True, slots=True)
class VisibilityGroupInfo:
    """A visibility group: what is in it is seen by its members only, unless it is in another group too."""

    id: GroupId
    organization_id: OrganizationId
    name: str
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class VisibilityMemberInfo:
    """Who sees what is in a group: a person, or everybody in a team and below it."""

    user_id: UserId | None
    team_id: TeamId | None


@dataclass(frozen=True, slots=True)
class VisibilityContentInfo:
    """What only the members of a group see: a resource with everything below it, or a person."""

    resource: ContentName | None
    user_id: UserId | None

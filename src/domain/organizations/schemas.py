"""What organizations show to callers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from domain.kernel.ids import InvitationId, OrganizationId, UserId
from domain.kernel.schemas import Length

Cursor = Annotated[str, Length(1, 1024)]
RoleName = Annotated[str, Length(1, 64)]
Slug = Annotated[str, Length(2, 63)]
Token = Annotated[str, Length(1, 128)]


@dataclass(frozen=True, slots=True)
class Configuration:
    """The document in force in one namespace. `version` is also its `ETag`; `body` is the document, a JSON object."""

    organization_id: UUID
    namespace: str
    version: int
    body: dict[str, Any]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class OrganizationInfo:
    """An organization as its members see it."""

    id: OrganizationId
    name: str
    slug: str
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Member:
    """A person in an organization. It has no `ETag`: names change without the membership."""

    user_id: UserId
    full_name: str | None
    username: str | None
    email: str | None
    """Null to whoever may not add or remove members."""
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class MembershipInfo:
    """That a person belongs to an organization."""

    organization_id: OrganizationId
    user_id: UserId
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class OfferedMembership:
    """An invitation as whoever has its token sees it."""

    organization: str
    """The name of what they are invited to join."""
    email: str
    """Whose address was invited: nobody else can accept."""
    registered: bool
    """Whether that address has an account: then they sign in and accept, else they sign up."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvitationInfo:
    """An invitation as administrators see it; its token was mailed and is shown to nobody else."""

    id: InvitationId
    organization_id: OrganizationId
    email: str
    role: str
    invited_by: UserId | None
    """Null where a wall hides them."""
    created_at: datetime
    expires_at: datetime
    version: int

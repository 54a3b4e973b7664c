"""What access shows to callers, and what it takes from them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from domain.kernel.ids import GrantId, OrganizationId, RoleId, UserId
from domain.kernel.schemas import Length

Description = Annotated[str, Length(0, 1000)]
RoleName = Annotated[str, Length(1, 64)]
Permissions = Annotated[list[Annotated[str, Length(3, 129)]], Length(0, 200)]
"""Each `<type>:<action>`."""
Inherited = Annotated[list[RoleName], Length(0, 32)]
"""The names of roles of the organization, or of system roles."""
SubjectType = Literal["user", "team", "service_account"]
Effect = Literal["allow", "deny"]
ResourceType = Annotated[str, Length(1, 64)]
ExternalId = Annotated[str, Length(1, 256)]


@dataclass(frozen=True, slots=True)
class RoleInfo:
    """A role. `permissions` are its own; it has those of the roles in `inherits` too."""

    id: RoleId
    organization_id: OrganizationId | None
    """Null for a system role."""
    name: str
    description: str
    permissions: list[str]
    inherits: list[str]
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Grantee:
    """Who is granted something."""

    type: SubjectType
    id: UUID


@dataclass(frozen=True, slots=True)
class GrantedOn:
    """The resource that something is granted on, as the service that owns it calls it."""

    type: ResourceType
    id: ExternalId


@dataclass(frozen=True, slots=True)
class GrantInfo:
    """A role that somebody has: in the whole organization, or on a resource and perhaps everything below it."""

    id: GrantId
    organization_id: OrganizationId
    subject: Grantee
    role_id: RoleId
    role: str
    on: GrantedOn | None
    below: bool
    effect: Effect
    condition: dict[str, Any] | None
    expires_at: datetime | None
    granted_by: UserId | None
    """Null where it was made by the service itself, or a wall hides who made it."""
    created_at: datetime
    version: int

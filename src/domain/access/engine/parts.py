"""What decisions are made of: small parts, each remembered and forgotten under a key of its own.

Every part is immutable and holds what one key's rows say, nothing of another key's. `access_changes` names the same
keys, and of people those whose walls have changed apart, as `person`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from domain.access.conditions import Condition
from domain.kernel.ids import GrantId, GroupId, OrganizationId, ResourceId, RoleId, TeamId, UserId

USER: Final = "user"
SERVICE_ACCOUNT: Final = "service_account"


class Key(NamedTuple):
    """The name of a part: `scope` is `user`, `team`, `role` or `resource`. Service accounts are under `user`, too."""

    scope: str
    id: UUID


class Name(NamedTuple):
    """The natural key of a resource."""

    organization_id: OrganizationId
    type: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant, as its subject's part holds it."""

    id: GrantId
    organization_id: OrganizationId
    role_id: RoleId
    resource_id: ResourceId | None
    below: bool
    """It holds on everything below the resource too."""
    allows: bool
    condition: Condition | None = None
    expires_at: datetime | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it holds at all times, whatever the attributes."""
        return self.condition is None and self.expires_at is None


@dataclass(frozen=True, slots=True)
class UserPart:
    """A person: what was granted to them in every organization, and what they are in.

    Or a service account, which is in its organization and nothing else. No id is ever of both.
    """

    id: UserId
    is_active: bool
    email_verified: bool | None
    """None of a service account, which has no address."""
    organizations: frozenset[OrganizationId]
    teams: frozenset[TeamId]
    """Those they are in themselves."""
    groups: frozenset[GroupId]
    """The visibility groups they are members of themselves."""
    walls: frozenset[tuple[OrganizationId, GroupId]]
    """The groups that they are hidden in, and where: what such a group holds only its members see."""
    grants: tuple[Grant, ...]
    kind: str = USER
    """`user` or `service_account`."""


@dataclass(frozen=True, slots=True)
class TeamPart:
    """A team: what was granted to it, and where it is."""

    id: TeamId
    organization_id: OrganizationId
    path: tuple[TeamId, ...]
    """Itself first, then those above it."""
    groups: frozenset[GroupId]
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class RolePart:
    """A role, as it is written: without what it inherits."""

    id: RoleId
    organization_id: OrganizationId | None
    """None for a system role."""
    permissions: frozenset[str]
    inherits: tuple[RoleId, ...]


@dataclass(frozen=True, slots=True)
class ResourcePart:
    """A resource, and where it is."""

    id: ResourceId
    organization_id: OrganizationId
    type: str
    external_id: str
    owner_id: UserId | None
    path: tuple[ResourceId, ...]
    """Itself first, then what it lies in."""
    wall_id: ResourceId | None
    """The first of the path that is in a visibility group."""
    groups: frozenset[GroupId]
    """The groups it is in itself."""
    attributes: Mapping[str, Any]


Part = UserPart | TeamPart | RolePart | ResourcePart

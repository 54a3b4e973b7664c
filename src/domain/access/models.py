"""Roles and grants, and their invariants."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from domain.access.facade import Place, Subject
from domain.kernel.ids import PLATFORM, GrantId, OrganizationId, RoleId, UserId, uuid7

OWNER: Final = RoleId(UUID("00000000-0000-7000-8000-000000000003"))
"""The system role of owners: only owners make or unmake one, and the last one stays."""
SUPERUSER: Final = RoleId(UUID("00000000-0000-7000-8000-000000000002"))
"""The system role of those who may do everything; what owners are to other organizations, they are to the platform."""
MOST_LEVELS: Final = 8
"""How many roles a chain of inheritance may have."""
EVERYTHING: Final = "*"


def keeper(organization_id: OrganizationId) -> RoleId:
    """Return the role of which an organization always has somebody."""
    return SUPERUSER if organization_id == PLATFORM else OWNER


def grantable(organization_id: OrganizationId, role_id: RoleId) -> bool:
    """Return whether a system role may be granted in the organization: superusers are the platform's, owners not."""
    return role_id not in {OWNER, SUPERUSER} or role_id == keeper(organization_id)


@dataclass(frozen=True, slots=True)
class Powers:
    """Permissions by name; `*` and `<type>:*` among them stand for others."""

    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, roles: Iterable["Role"]) -> "Powers":
        """Return what these roles come to, each by itself."""
        return cls(frozenset(name for role in roles for name in role.granted))

    def cover(self, permission: str) -> bool:
        """Return whether `permission` is among them, and all it stands for."""
        return not self.names.isdisjoint({permission, EVERYTHING, _all_of(permission)})

    def touch(self, permission: str) -> bool:
        """Return whether any of what `permission` stands for is among them."""
        if self.cover(permission):
            return True
        if permission == EVERYTHING:
            return bool(self.names)
        kind, _, action = permission.partition(":")
        return action == EVERYTHING and any(name.startswith(f"{kind}:") for name in self.names)


def _all_of(permission: str) -> str:
    return f"{permission.partition(':')[0]}:{EVERYTHING}"


@dataclass(eq=False, kw_only=True)
class Role:
    """A name for permissions: of one organization, or a system role that every organization may use."""

    aggregate: ClassVar[str] = "role"

    id: RoleId = field(default_factory=lambda: RoleId(uuid7()))
    organization_id: OrganizationId | None
    name: str
    description: str = ""
    permissions: frozenset[str]
    inherits: frozenset[RoleId] = frozenset()
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @property
    def is_system(self) -> bool:
        """Whether it is the same for all organizations."""
        return self.organization_id is None

    @property
    def granted(self) -> frozenset[str]:
        """The permissions that count: `*` and `<type>:*` do so in system roles only."""
        if self.is_system:
            return self.permissions
        return frozenset(name for name in self.permissions if not name.endswith(EVERYTHING))


@dataclass(eq=False, kw_only=True)
class Grant:
    """A role that somebody has somewhere. It is made and withdrawn, never changed."""

    aggregate: ClassVar[str] = "grant"

    id: GrantId = field(default_factory=lambda: GrantId(uuid7()))
    place: Place
    subject: Subject
    role_id: RoleId
    effect: str = "allow"
    """`allow` or `deny`."""
    condition: dict[str, Any] | None = None
    """As it was sent; see `domain.access.conditions`."""
    expires_at: datetime | None = None
    granted_by: UserId | None = None
    created_at: datetime
    version: int = 0

    @property
    def denies(self) -> bool:
        """Whether it takes away."""
        return self.effect == "deny"

    @property
    def keeps(self) -> bool:
        """Whether it makes somebody one of those without whom the organization may not be."""
        return self.role_id == keeper(self.place.organization_id)

    def suffices(self, place: Place, expires_at: datetime | None = None) -> bool:
        """Return whether it holds at `place`, which is on the same resource, always and until `expires_at`."""
        return self.condition is None and self.expires_at == expires_at and (self.place.below or not place.below)

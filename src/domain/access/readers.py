"""How roles and grants are read, without loading what commands change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.access.schemas import GrantInfo, RoleInfo
from domain.kernel.access import Eyes
from domain.kernel.ids import GrantId, OrganizationId, RoleId


@dataclass(frozen=True, slots=True)
class GrantFilter:
    """Which grants to list; whatever is None does not matter."""

    subject_type: str | None = None
    subject_id: UUID | None = None
    role: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    """The resource's external id."""


@dataclass(frozen=True, slots=True)
class GrantPlace:
    """A place in the list of grants, the newest first."""

    created_at: datetime
    grant_id: GrantId


class RoleLists(Protocol):
    """Read the roles that may be granted in an organization, as last committed.

    Each method raises `OrganizationNotFound` if there is no such organization.
    """

    async def find(self, organization_id: OrganizationId, role_id: RoleId) -> RoleInfo | None:
        """Return the role."""

    async def list(
        self, organization_id: OrganizationId, after: tuple[str, RoleId] | None, most: int
    ) -> Sequence[RoleInfo]:
        """Return up to `most` roles behind the name and id `after`, by name (code points), then by id."""


class GrantLists(Protocol):
    """Read the grants of an organization, as last committed; those that expired are not there any more.

    Nor are those of people and on resources that a wall hides, and whom it hides is not named as who made one. Each
    method raises `OrganizationNotFound` if there is no such organization.
    """

    async def find(self, organization_id: OrganizationId, grant_id: GrantId, by: Eyes) -> GrantInfo | None:
        """Return the grant."""

    async def list(
        self, organization_id: OrganizationId, wanted: GrantFilter, by: Eyes, after: GrantPlace | None, most: int
    ) -> Sequence[GrantInfo]:
        """Return up to `most` grants behind the place `after`, the newest first."""

"""How visibility groups are read, without loading what commands change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.kernel.access import Eyes
from domain.kernel.ids import GroupId, OrganizationId
from domain.visibility.schemas import VisibilityContentInfo, VisibilityGroupInfo, VisibilityMemberInfo


@dataclass(frozen=True, slots=True)
class GroupPlace:
    """A place in the list of groups, the newest first."""

    created_at: datetime
    group_id: GroupId


@dataclass(frozen=True, slots=True)
class Placed:
    """Something that is in a group, and its place in the list: of members and contents the order of their ids."""

    place: UUID
    content: VisibilityContentInfo


class VisibilityLists(Protocol):
    """Read visibility groups as last committed."""

    async def find(self, organization_id: OrganizationId, group_id: GroupId) -> VisibilityGroupInfo | None:
        """Return the group."""

    async def list(
        self, organization_id: OrganizationId, after: GroupPlace | None, most: int
    ) -> Sequence[VisibilityGroupInfo]:
        """Return up to `most` groups behind the place `after`, the newest first."""

    async def members(
        self, organization_id: OrganizationId, group_id: GroupId, by: Eyes, after: UUID | None, most: int
    ) -> Sequence[VisibilityMemberInfo]:
        """Return up to `most` members of the group that no wall hides, behind `after`."""

    async def contents(
        self, organization_id: OrganizationId, group_id: GroupId, by: Eyes, after: UUID | None, most: int
    ) -> Sequence[Placed]:
        """Return up to `most` of what is in the group and no wall hides, behind `after`."""

"""How organizations and who belongs to them are read, without loading what commands change."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.kernel.access import Eyes
from domain.kernel.ids import OrganizationId, UserId
from domain.organizations.schemas import InvitationInfo, Member, OrganizationInfo


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list, the newest first."""

    created_at: datetime
    id: UUID
    """Of the organization, the person or the invitation."""


class OrganizationReader(Protocol):
    """Read organizations as last committed."""

    async def find(self, organization_id: OrganizationId) -> OrganizationInfo | None:
        """Return the organization, if there is one."""

    async def list(self, member: UserId | None, after: Place | None, most: int) -> Sequence[OrganizationInfo]:
        """Return up to `most` organizations behind the place `after`, the newest first.

        Those that the person `member` belongs to, or without one all of them.
        """


class MemberReader(Protocol):
    """Read who belongs to an organization, as last committed, with their addresses; whom walls hide does not."""

    async def find(self, organization_id: OrganizationId, user_id: UserId, by: Eyes) -> Member | None:
        """Return the member, if the person is one."""

    async def list(self, organization_id: OrganizationId, by: Eyes, after: Place | None, most: int) -> Sequence[Member]:
        """Return up to `most` members behind the place `after`, those who joined last first."""

    async def among(self, organization_id: OrganizationId, people: Collection[UserId], by: Eyes) -> Collection[UserId]:
        """Return those of `people` who are members."""


class InvitationLists(Protocol):
    """Read who is invited, as last committed; an invitation does not name who made it where a wall hides them."""

    async def list(
        self, organization_id: OrganizationId, by: Eyes, now: datetime, after: Place | None, most: int
    ) -> Sequence[InvitationInfo]:
        """Return up to `most` invitations behind the place `after` that have not expired by `now`, the newest first."""

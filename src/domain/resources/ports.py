"""What resources need from the outside."""

from collections.abc import Collection
from typing import Protocol

from domain.access.facade import Subject
from domain.kernel.ids import OrganizationId, UserId


class Belonging(Protocol):
    """Tell who belongs to an organization, in the transaction of the command."""

    async def people(self, organization_id: OrganizationId, user_ids: Collection[UserId]) -> Collection[UserId]:
        """Return those of `user_ids` who are members."""

    async def includes(self, organization_id: OrganizationId, subject: Subject) -> bool:
        """Return whether the subject is a member, a team or a service account of the organization."""

"""How service accounts are read, without loading what commands change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.identity.service_accounts.schemas import ServiceAccountInfo
from domain.kernel.ids import OrganizationId, ServiceAccountId


@dataclass(frozen=True, slots=True)
class ServiceAccountPlace:
    """A place in the list of service accounts, the newest first."""

    created_at: datetime
    account_id: ServiceAccountId


class ServiceAccountLists(Protocol):
    """Read service accounts as last committed."""

    async def find(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> ServiceAccountInfo | None:
        """Return the account."""

    async def list(
        self, organization_id: OrganizationId, after: ServiceAccountPlace | None, most: int
    ) -> Sequence[ServiceAccountInfo]:
        """Return up to `most` accounts behind the place `after`, the newest first."""

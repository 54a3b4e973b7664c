"""Where service accounts are kept."""

from typing import Protocol

from domain.identity.service_accounts.models import ServiceAccount
from domain.kernel.ids import OrganizationId, ServiceAccountId


class ServiceAccounts(Protocol):
    """The service accounts of organizations, in the transaction of the command."""

    async def add(self, account: ServiceAccount) -> None:
        """Add `account`, or raise `ServiceAccountNameTaken`, or `OrganizationNotFound`."""

    async def get(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> ServiceAccount:
        """Return the account, which nobody else changes, or grants anything to, until the command ends.

        Raise `ServiceAccountNotFound`.
        """

    async def keep(self, account: ServiceAccount) -> None:
        """Write what changed, or raise `ServiceAccountNameTaken`."""

    async def remove(self, account: ServiceAccount) -> None:
        """Delete `account`, and whatever is still granted to it."""

"""Where organizations keep what commands change."""

from typing import Protocol

from domain.kernel.ids import OrganizationId
from domain.organizations.models import ConfigurationHead


class ConfigurationHeads(Protocol):
    """The heads of configuration documents, in the transaction of the command."""

    async def find(self, organization_id: OrganizationId, namespace: str) -> ConfigurationHead | None:
        """Return the head, locked until the transaction ends, with what was committed last."""

    async def add(self, head: ConfigurationHead) -> None:
        """Add `head`.

        Raise `OrganizationNotFound` if its organization is gone, `PreconditionFailed` if the namespace has a head.
        """

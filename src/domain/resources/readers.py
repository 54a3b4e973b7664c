"""How resources are read, without loading what commands change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.kernel.access import Actor
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import OrganizationId, ResourceId, UserId
from domain.resources.models import ResourceKey
from domain.resources.schemas import ResourceInfo


@dataclass(frozen=True, slots=True)
class ResourceFilter:
    """Which resources to list."""

    type: str | None = None
    parent: ResourceKey | None = None
    """What they lie in directly."""
    owner: UserId | None = None
    external_id_prefix: str | None = None


class ResourceReader(Protocol):
    """Read what `actor` may see of an organization's resources, never older than the command of `seen`."""

    async def find(
        self,
        actor: Actor,
        organization_id: OrganizationId,
        resource_id: ResourceId,
        seen: ConsistencyToken | None,
    ) -> ResourceInfo | None:
        """Return the resource."""

    async def list(
        self,
        actor: Actor,
        organization_id: OrganizationId,
        wanted: ResourceFilter,
        after: ResourceId | None,
        most: int,
        seen: ConsistencyToken | None,
    ) -> Sequence[ResourceInfo]:
        """Return up to `most` resources behind `after`, the highest id first, which is about the newest first."""

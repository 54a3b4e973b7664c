"""Where resources are kept."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from domain.kernel.ids import OrganizationId, ResourceId
from domain.resources.models import Resource, ResourceKey


class Resources(Protocol):
    """Resources, in the transaction of the command.

    Whoever moves something, or puts something below another, first calls `hold`, and before any row is locked.
    """

    async def hold(self, organization_id: OrganizationId, *, moving: bool) -> None:
        """Have nobody move anything in the organization until the command ends.

        With `moving` nobody puts anything below another either: the command may move things itself.
        """

    async def named(
        self, organization_id: OrganizationId, keys: Collection[ResourceKey]
    ) -> Mapping[ResourceKey, Resource]:
        """Return those of `keys` that there are; anybody may change them meanwhile."""

    async def renewed(self, resources: Collection[Resource]) -> Mapping[ResourceKey, Resource]:
        """Return those of `resources` that are still there, as they are; nobody else changes them any more."""

    async def get(self, organization_id: OrganizationId, resource_id: ResourceId) -> Resource:
        """Return the resource, which nobody else changes until the command ends, or raise `ResourceNotFound`."""

    async def add(self, resources: Sequence[Resource]) -> None:
        """Add all of `resources`, whose parents may be among them, or raise one of these and add none.

        `ResourceTaken`, `ParentNotFound`, `OwnerNotFound`, `OrganizationNotFound`.
        """

    async def keep(self, resources: Sequence[Resource]) -> None:
        """Write what changed of `resources`; raise `OwnerNotFound` or `ParentNotFound`."""

    async def move(self, resources: Sequence[Resource], most: int) -> None:
        """Have `resources`, those first that lay deepest, and everything below follow their new paths.

        Raise `TooDeep`, or `TooManyMoved` if that is more than `most` resources.
        """

    async def below(self, resource: Resource, most: int) -> Sequence[Resource]:
        """Return up to `most` of what lies below `resource`, which nobody else changes until the command ends."""

    async def remove(self, resources: Sequence[Resource]) -> None:
        """Delete `resources` with everything granted on them, or raise `ResourceNotEmpty`: others lie in them."""

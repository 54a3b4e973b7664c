"""Where parts come from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from core.access.snapshots import Snapshot
from domain.access.engine.parts import Key, Name, Part
from domain.kernel.ids import OrganizationId, ResourceId


@dataclass(frozen=True, slots=True)
class Change:
    """Some transaction changed what is known under `key`."""

    transaction: int
    key: Key


@dataclass(frozen=True, slots=True)
class Look:
    """What one snapshot shows."""

    snapshot: Snapshot
    changes: Collection[Change] | None
    """What changed since the snapshot asked about, and perhaps more. None: anything may have changed."""
    parts: Mapping[Key, Part | None]
    """What was asked for; None where there is nothing. More may come along."""


class Source(Protocol):
    """Reads what is committed. Raises what its store raises when that cannot be reached."""

    async def look(self, since: Snapshot | None, keys: Collection[Key]) -> Look:
        """Load `keys`, and tell what changed since `since`, all from one snapshot.

        With a user come the teams on the paths of their teams, and the roles granted to any of them with what those
        inherit, so that nothing more need be asked.
        """

    async def find(self, organization_id: OrganizationId, type_: str, external_id: str) -> ResourceId | None:
        """Return the id of a resource by its natural key."""

    async def find_all(self, names: Collection[Name]) -> Mapping[Name, ResourceId]:
        """Do the same for many."""
        found = {name: await self.find(*name) for name in names}
        return {name: resource_id for name, resource_id in found.items() if resource_id}

"""Where a change is tried."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from domain.access.asking import Entity
from domain.access.simulating.states import Altered, Candidate
from domain.kernel.access import Actor
from domain.kernel.ids import OrganizationId, ResourceId, UserId
from domain.kernel.usecases import Command


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose decisions are compared, and where."""

    organization_id: OrganizationId
    subject: UserId | None
    """Theirs only; None for everybody's whom the change may concern."""
    after: UserId | None
    """Past this one, in the order of ids."""
    most: int
    """How many people are looked at."""
    now: datetime
    """When grants expire."""


@dataclass(frozen=True, slots=True)
class Others:
    """Asks for resources that stay as they are, and of which something else would be decided about somebody."""

    candidate: Candidate
    permissions: Sequence[tuple[str, str | None]]
    """Each with the type of the resources that it is asked about, None for all."""
    context: Mapping[str, Any]
    since: ResourceId | None
    """From this one on, in the order of ids."""
    most: int


@dataclass(frozen=True, slots=True)
class Other:
    """Such a resource, which the asker may see, or may already do something with."""

    id: ResourceId
    entity: Entity
    gained: Sequence[bool | None]
    """By permission: whether it is gained or lost; None where nothing changes, or nothing that the asker may know."""


class Trial(Protocol):
    """What a change would do, as long as the block lasts in which it is tried."""

    asker: Candidate
    people: Sequence[Candidate]
    """Those whom the change may concern and the asker may see as things are, in the order of ids."""
    last: UserId | None
    """The last of whom was looked at, if there are more."""
    altered: Sequence[Altered]
    """The resources of the organization that change or whose wall does, in the order of types and external ids."""
    permissions: Collection[str]
    """What is written, before or after, in roles that count in the organization."""

    async def others(self, wanted: Others) -> Sequence[Other]:
        """Return resources that are not among those altered, in the order of ids."""


class Trials(Protocol):
    """Try changes, each in a transaction that is undone."""

    def of(self, change: Command[Any], actor: Actor, wanted: Wanted) -> AbstractAsyncContextManager[Trial]:
        """Let `actor` make a change that is `simulated`, see what it does, and undo it.

        Both states are of one moment, and nothing of the change is ever seen by anybody else. Raise whatever the
        change is refused for, `SimulationTooLarge` if it concerns too much, `ConcurrentChange` if others are changing
        the same, `Overloaded` if too many changes are being tried.
        """

"""What registering is asked for, and what it comes to."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from inspect import getdoc
from typing import Any, Final, Literal, NoReturn

from domain.kernel.errors import DomainError, FieldError
from domain.kernel.ids import ResourceId, UserId
from domain.resources.errors import RegistrationRefused
from domain.resources.models import Parent, Resource, ResourceKey, as_text

MOST_ERRORS: Final = 100
"""How many faults one refusal tells."""
BREATH: Final = 250
"""How many resources are worked on before other requests have their turn."""

Known = Mapping[ResourceKey, Resource]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A resource as it is to be."""

    key: ResourceKey
    owner: UserId | None
    parent: ResourceKey | None
    attributes: Mapping[str, Any]
    version: int | None = None
    """The one that is to be replaced; without it, whichever there is."""
    kept: frozenset[Literal["owner", "parent"]] = frozenset()
    """What was not asked for, and is as it was found."""

    def moves(self, found: Resource | None) -> bool:
        """Return whether `found` lies elsewhere."""
        return found is not None and (found.parent and found.parent.key) != self.parent

    def differs(self, found: Resource) -> bool:
        """Return whether `found` has another owner or other attributes."""
        if found.owner_id != self.owner or found.attributes != self.attributes:
            return True
        return as_text(found.attributes) != as_text(self.attributes)

    def is_met(self, found: Resource | None) -> bool:
        """Return whether `found` is so already."""
        return found is not None and not self.moves(found) and not self.differs(found)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one of the resources cannot be so."""

    index: int
    field: str
    error: DomainError


class Refused(Exception):
    """Nothing was registered."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = sorted(faults, key=lambda each: each.index)


def refuse(faults: Sequence[Fault]) -> NoReturn:
    """Raise `RegistrationRefused` for `faults`, of which the first hundred are told."""
    told = [
        FieldError(".".join(filter(None, ["resources", str(each.index), each.field])), each.error.code, _said(each))
        for each in faults[:MOST_ERRORS]
    ]
    raise RegistrationRefused(f"{len(faults)} of the resources cannot be as they were sent.", told)


@dataclass(slots=True)
class Outcome:
    """What registering came to."""

    resources: list[Resource] = field(default_factory=list)
    """In the order wanted."""
    created: list[Resource] = field(default_factory=list)
    updated: list[Resource] = field(default_factory=list)
    depths: dict[ResourceId, int] = field(default_factory=dict)
    """How deep those lay that moved."""
    moved: list[Resource] = field(default_factory=list)
    left: set[ResourceId | None] = field(default_factory=set)
    """What those that moved lay in; None is the organization."""

    def change(
        self, found: Resource, wanted: Wanted, parent: Parent | None, path: tuple[ResourceId, ...], now: datetime
    ) -> None:
        """Have `found` be as wanted."""
        if wanted.moves(found):
            self.left.add(found.parent.id if found.parent else None)
            self.depths[found.id] = len(found.path)
            found.parent, found.path = parent, path
            self.moved.append(found)
        if wanted.differs(found):
            found.owner_id, found.attributes = wanted.owner, wanted.attributes
            self.updated.append(found)
        found.updated_at = now

    @property
    def changed(self) -> list[Resource]:
        """Those that existed and are otherwise now."""
        updated = {each.id for each in self.updated}
        return [*self.updated, *(each for each in self.moved if each.id not in updated)]


async def breathing(wanted: Sequence[Wanted]) -> AsyncIterator[tuple[int, Wanted]]:
    """Yield `wanted` with its places, and let others have their turn every now and then."""
    for at, each in enumerate(wanted):
        if at % BREATH == BREATH - 1:
            await asyncio.sleep(0)
        yield at, each


def _said(fault: Fault) -> str:
    return (getdoc(fault.error) or fault.error.code).partition("\n")[0]

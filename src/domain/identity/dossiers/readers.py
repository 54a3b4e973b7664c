"""How a dossier is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from domain.kernel.ids import UserId

MOST: Final = 5_000
"""How many events, and how many audit entries, are in one part."""


@dataclass(frozen=True, slots=True)
class DossierPlace:
    """How far a dossier was read."""

    event: int
    """The position of the last event."""
    entry: int
    """The position of the last entry of the audit trail."""


@dataclass(frozen=True, slots=True)
class DossierPart:
    """What is held, by what it is; `next` is None at the end."""

    held: Mapping[str, list[Any]]
    next: DossierPlace | None


class Dossiers(Protocol):
    """Read everything that is held about a person."""

    async def find(self, user_id: UserId, after: DossierPlace | None = None, most: int = MOST) -> DossierPart | None:
        """Return a part of it, as last committed, ready for JSON, without any secret; None if there is nobody.

        `events` are up to `most` CloudEvents in their order, `audit` up to `most` of what the person did or was done
        to. The first part has everything else, too; `account` has one item in each.
        """

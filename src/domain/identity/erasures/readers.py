"""How erasures are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.identity.erasures.schemas import Erasure
from domain.kernel.ids import UserId


@dataclass(frozen=True, slots=True)
class ErasurePlace:
    """A place in the list of erasures, the newest first."""

    erased_at: datetime
    user_id: UserId


class ErasureLists(Protocol):
    """Read erasures as last committed; `at` tells which are overdue."""

    async def find(self, user_id: UserId, at: datetime) -> Erasure | None:
        """Return the erasure of the person."""

    async def list(self, after: ErasurePlace | None, most: int, at: datetime, *, overdue: bool) -> Sequence[Erasure]:
        """Return up to `most` erasures behind the place `after`, the newest first; with `overdue` no others."""

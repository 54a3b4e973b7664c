"""Pages of lists whose cursors belong to one list and one organization."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from domain.kernel.ports import Cursors
from domain.kernel.schemas import Page
from domain.organizations.readers import Place

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pages:
    """Read and make the cursors of lists that are ordered by a time and an id."""

    cursors: Cursors

    def after(self, scope: Sequence[str], cursor: str | None) -> Place | None:
        """Return the place that `cursor` means, or raise `CursorInvalid` if it is not one of `scope`."""
        if cursor is None:
            return None
        moment, identifier = self.cursors.open(scope, cursor)
        return Place(datetime.fromisoformat(moment), UUID(identifier))

    def page(self, scope: Sequence[str], found: Sequence[T], limit: int, place: Callable[[T], Place]) -> Page[T]:
        """Return the first `limit` of `found`, with a cursor if there are more."""
        items = list(found[:limit])
        if len(found) <= limit:
            return Page(items)
        last = place(items[-1])
        return Page(items, self.cursors.seal(scope, [last.created_at.isoformat(), str(last.id)]))

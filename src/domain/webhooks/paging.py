"""Lists in parts, the newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from domain.kernel.ids import DeliveryId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Page
from domain.webhooks.readers import WebhookPlace


class Listed(Protocol):
    """What stands in such a list."""

    @property
    def id(self) -> UUID: ...
    @property
    def created_at(self) -> datetime: ...


L = TypeVar("L", bound=Listed)


def opened(cursors: Cursors, scope: Sequence[str], cursor: str | None) -> WebhookPlace | None:
    """Return the place that `cursor` names, or raise `CursorInvalid`."""
    if cursor is None:
        return None
    created_at, id_ = cursors.open(scope, cursor)
    return WebhookPlace(datetime.fromisoformat(created_at), DeliveryId(UUID(id_)))


def page(cursors: Cursors, scope: Sequence[str], found: Sequence[L], limit: int) -> Page[L]:
    """Return the first `limit` of what was found, and where it goes on if that was not all."""
    items = list(found[:limit])
    last = items[-1] if len(found) > limit else None
    return Page(items, cursors.seal(scope, [last.created_at.isoformat(), str(last.id)]) if last else None)

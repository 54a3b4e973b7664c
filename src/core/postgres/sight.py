"""What somebody may see, for lists in Postgres."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from core.postgres.conditions import Condition
from domain.kernel.access import Actor
from domain.kernel.errors import Unavailable
from domain.kernel.ids import OrganizationId

T = TypeVar("T")

TRIES: Final = 5
"""How often what somebody sees may change while it is being shown to them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Conditions on rows `r` of `resources`, as of one moment."""

    readable: Condition
    """The actor may read it."""
    owned: Condition
    """No wall hides its owner from them, if it has one."""


class Sight(Protocol):
    """Know what an actor may see."""

    async def of(self, actor: Actor, organization_id: OrganizationId) -> Seen:
        """Return what is true of what the actor sees in the organization, as of now."""


async def shown(sight: Sight, actor: Actor, organization_id: OrganizationId, read: Callable[[Seen], Awaitable[T]]) -> T:
    """Return what `read` finds by conditions that held while it was reading; raise `Unavailable` if none does."""
    seen = await sight.of(actor, organization_id)
    for _ in range(TRIES):
        found = await read(seen)
        before, seen = seen, await sight.of(actor, organization_id)
        # The rows are newer than the first conditions and older than the second: if those are the same, they held.
        if seen == before:
            return found
    raise Unavailable

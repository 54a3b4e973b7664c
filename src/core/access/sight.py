"""Which resources somebody may see, for read models: the engine's own answer as a condition."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from re import Match
from re import compile as pattern
from typing import Any, Final

from core.access.engine import NOW, AccessEngine
from core.postgres.access_filter import FALSE, Filter
from core.postgres.conditions import Condition
from core.postgres.resource_lists import Sight
from domain.kernel.access import Actor
from domain.kernel.ids import OrganizationId

_PARAMETER: Final = pattern(r"\$(\d+)")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class EngineSight(Sight):
    """Ask the engine, as of now, and write down what it says of the rows `r` of `resources`."""

    engine: AccessEngine
    now: Callable[[], datetime] = _now

    async def condition(self, actor: Actor, organization_id: OrganizationId, permission: str) -> Condition:
        """See `Sight.condition`."""
        await self.engine.refresh(NOW)
        subject, _ = await self.engine.known(actor.user_id, organization_id)
        if subject is None:
            return Condition(FALSE)
        says = Filter(subject, self.now())
        values: list[Any] = []

        def place(found: Match[str]) -> str:
            # Only what is asked for is sent: Postgres refuses a value of which nothing tells the type.
            values.append(says.values[int(found[1]) - 1])
            return f"{{{len(values) - 1}}}"

        return Condition(_PARAMETER.sub(place, says.permitted(permission)), tuple(values))

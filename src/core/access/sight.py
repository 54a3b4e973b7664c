"""What somebody may see of resources, for read models: the engine's own answers as conditions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from re import Match
from re import compile as pattern
from typing import Any, Final

from core.access.engine import NOW, AccessEngine
from core.postgres.access_filter import FALSE, Filter
from core.postgres.conditions import Condition
from core.postgres.sight import Seen, Sight
from domain.kernel.access import Actor, Permission
from domain.kernel.ids import OrganizationId

_PARAMETER: Final = pattern(r"\$(\d+)")
_NOTHING: Final = Seen(Condition(FALSE), Condition(FALSE))


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class EngineSight(Sight):
    """Ask the engine, as of now, and write down what it says of the rows `r` of `resources`."""

    engine: AccessEngine
    now: Callable[[], datetime] = _now

    async def of(self, actor: Actor, organization_id: OrganizationId) -> Seen:
        """See `Sight.of`."""
        await self.engine.refresh(NOW)
        subject, _ = await self.engine.known(actor.user_id, organization_id)
        if subject is None:
            return _NOTHING
        says = Filter(subject, self.now())
        readable = says.permitted(Permission.RESOURCES_READ)
        return Seen(*(_condition(each, says.values) for each in (readable, says.knows("r.owner_id"))))


def _condition(text: str, known: Sequence[Any]) -> Condition:
    """Return the condition with the values that it needs of those known."""
    values: list[Any] = []

    def place(found: Match[str]) -> str:
        # Only what is asked for is sent: Postgres refuses a value of which nothing tells the type.
        values.append(known[int(found[1]) - 1])
        return f"{{{len(values) - 1}}}"

    return Condition(_PARAMETER.sub(place, text), tuple(values))

"""Keep one caller from taking up what is there for all."""

from dataclasses import dataclass
from typing import Final

from domain.kernel.access import Actor
from domain.kernel.ports import Limits
from domain.kernel.usecases import UseCase

WINDOW: Final = 60
"""Seconds that are counted together."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a person or a service account may ask for, whichever of their tokens they ask with."""

    limits: Limits | None = None
    commands: int = 0
    """A minute; 0 for any number."""
    searches: int = 0
    """Of what is marked as dear, a minute; 0 for any number."""

    async def keep(self, case: UseCase, actor: Actor) -> None:
        """Count what `actor` asks for, or raise `TooManyRequests`."""
        if self.limits is None:
            return
        if case.dear and self.searches:
            await self.limits.hit("search", str(actor), self.searches, WINDOW)
        elif case.writes and self.commands:
            await self.limits.hit("command", str(actor), self.commands, WINDOW)


NO_LIMIT: Final = Pace()
"""Lets everybody ask for anything, as often as they like."""

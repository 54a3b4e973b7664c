"""Keep what the engine knows current, beside the questions."""

import asyncio
from dataclasses import dataclass
from typing import NoReturn, Protocol

from core.access.engine import NOW, AccessEngine
from core.retrying import forever


class Log(Protocol):
    """Tells when something was announced."""

    @property
    def head(self) -> int: ...

    async def reached(self, past: int, seconds: float) -> None: ...


class Seen(Protocol):
    """Told after every look: how many parts are remembered, and how often the database was asked."""

    def __call__(self, size: int, looks: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Following:
    """Look twice a second, and as soon as something is announced: so that questions seldom have to.

    While the database is away the engine itself refuses to answer from what is too old.
    """

    engine: AccessEngine
    log: Log
    seen: Seen
    pause: float = 0.5
    """Seconds between looks, at most."""
    gap: float = 0.02
    """Seconds between looks, at least."""

    async def run(self) -> NoReturn:
        """Go on until cancelled."""
        await forever("the follower of access", self._serve)

    async def _serve(self) -> None:
        while True:
            head = self.log.head
            await self.engine.refresh(NOW)
            self.seen(self.engine.remembered, self.engine.looks)
            await asyncio.sleep(self.gap)
            await self.log.reached(head, self.pause - self.gap)

"""Wake those who wait for something to happen in this process."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bell:
    """Counts how often it was rung, so that nobody who looked before they listen misses anything."""

    rung: int = 0
    _closed: bool = field(default=False, init=False)
    _waiting: set[asyncio.Future[None]] = field(default_factory=set, init=False)

    def ring(self) -> None:
        """Wake everybody."""
        self.rung += 1
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    def close(self) -> None:
        """Let everybody go, now and from now on."""
        self._closed = True
        self.ring()

    async def heard(self, past: int, seconds: float) -> None:
        """Return when it was rung more than `past` times, or after `seconds`."""
        if self._closed or self.rung > past:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await waiter
        finally:
            self._waiting.discard(waiter)

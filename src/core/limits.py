"""Count attempts in this process alone."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from domain.kernel.errors import TooManyRequests
from domain.kernel.ports import Allowance, Limits


@dataclass(slots=True)
class LocalLimits(Limits):
    """Remembers when the last `most` attempts were admitted, so that no window of any position holds more.

    A refused attempt is not counted. `capacity` attempts are remembered in all; beyond it those of whoever came longest
    ago are forgotten.
    """

    clock: Callable[[], float] = time.monotonic
    """Monotonic seconds."""
    capacity: int = 100_000
    _admitted: OrderedDict[tuple[str, str], deque[float]] = field(default_factory=OrderedDict)
    _count: int = 0

    @property
    def degraded(self) -> bool:
        """See `Limits.degraded`: here one process is all there are."""
        return False

    async def hit(self, name: str, key: str, most: int, seconds: int) -> Allowance | None:
        """See `Limits.hit`."""
        if most <= 0:
            return None
        now, times = self.clock(), self._admitted.get((name, key), ())
        if len(times) >= most and (left := times[-most] + seconds - now) > 0:
            raise TooManyRequests(ceil(left))
        self.count(name, key, most)
        recent = [each for each in self._admitted[name, key] if each > now - seconds]
        return Allowance(most - len(recent), min(seconds, ceil(recent[0] + seconds - now)))

    async def clear(self, name: str, key: str) -> None:
        """Forget the attempts at `name` by `key`."""
        self._count -= len(self._admitted.pop((name, key), ()))

    def count(self, name: str, key: str, most: int) -> None:
        """Remember an attempt that was admitted now."""
        times = self._admitted.setdefault((name, key), deque())
        self._admitted.move_to_end((name, key))
        times.append(self.clock())
        self._count += 1
        while len(times) > most:
            times.popleft()
            self._count -= 1
        while self._count > self.capacity:
            _, forgotten = self._admitted.popitem(last=False)
            self._count -= len(forgotten)

    def __len__(self) -> int:
        """Return how many attempts are remembered."""
        return self._count

"""Count attempts in this process alone."""

import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from domain.kernel.errors import TooManyRequests
from domain.kernel.ports import Allowance, Limits


@dataclass(slots=True)
class _Named:
    """What was admitted under one name."""

    admitted: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)
    """By key; whoever came longest ago is the first."""
    count: int = 0


@dataclass(slots=True)
class LocalLimits(Limits):
    """Remembers when the last `most` attempts were admitted, so that no window of any position holds more.

    A refused attempt is not counted. `capacity` attempts are remembered in all; beyond it the first of whoever came
    longest ago is forgotten, of the name that most are remembered of. So what comes often, or in floods, takes nothing
    from what counts by the hour.
    """

    clock: Callable[[], float] = time.monotonic
    """Monotonic seconds."""
    capacity: int = 100_000
    _named: defaultdict[str, _Named] = field(default_factory=lambda: defaultdict(_Named))
    _count: int = 0

    @property
    def degraded(self) -> bool:
        """See `Limits.degraded`: here one process is all there are."""
        return False

    async def hit(self, name: str, key: str, most: int, seconds: int) -> Allowance | None:
        """See `Limits.hit`."""
        if most <= 0:
            return None
        now, times = self.clock(), self._named[name].admitted.get(key, ())
        if len(times) >= most and (left := times[-most] + seconds - now) > 0:
            raise TooManyRequests(ceil(left))
        self.count(name, key, most)
        recent = [each for each in self._named[name].admitted[key] if each > now - seconds]
        return Allowance(most - len(recent), min(seconds, ceil(recent[0] + seconds - now)))

    async def clear(self, name: str, key: str) -> None:
        """Forget the attempts at `name` by `key`."""
        named = self._named[name]
        self._add(named, -len(named.admitted.pop(key, ())))

    def count(self, name: str, key: str, most: int) -> None:
        """Remember an attempt that was admitted now."""
        named = self._named[name]
        times = named.admitted.setdefault(key, deque())
        named.admitted.move_to_end(key)
        times.append(self.clock())
        self._add(named, 1)
        while len(times) > most:
            times.popleft()
            self._add(named, -1)
        while self._count > self.capacity:
            largest = max(self._named.values(), key=lambda each: each.count)
            oldest, times = next(iter(largest.admitted.items()))
            times.popleft()
            self._add(largest, -1)
            if not times:
                del largest.admitted[oldest]

    def _add(self, named: _Named, attempts: int) -> None:
        named.count += attempts
        self._count += attempts

    def __len__(self) -> int:
        """Return how many attempts are remembered."""
        return self._count

"""A bounded memory that forgets what was not used for long."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

SHARE: Final = 8
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _alike(_: Any) -> int:
    return 1


@dataclass(slots=True)
class Remembered(Generic[K, V]):
    """Two generations that weigh at most `size` each: what is used of the old one moves to the young one."""

    size: int
    evicted: Callable[[], None] = lambda: None
    """Told when the old generation is dropped."""
    weigh: Callable[[V], int] = _alike
    """How much of the room a value takes; an eighth of it at most, for others are needed together with it."""
    _young: dict[K, V] = field(default_factory=dict, init=False)
    _old: dict[K, V] = field(default_factory=dict, init=False)
    _weight: int = field(default=0, init=False)
    """Of the young generation."""

    def get(self, key: K) -> V | None:
        """Return what is known under `key`."""
        found = self._young.get(key)
        if found is None and (found := self._old.pop(key, None)) is not None:
            self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        """Remember `value`."""
        self.forget(key)
        weight = self._weighed(value)
        if self._young and self._weight + weight > self.size:
            self._old, self._young, self._weight = self._young, {}, 0
            self.evicted()
        self._young[key] = value
        self._weight += weight

    def forget(self, key: K) -> bool:
        """Forget what is known under `key`; tell whether anything was."""
        young, old = self._young.pop(key, None), self._old.pop(key, None)
        if young is not None:
            self._weight -= self._weighed(young)
        return young is not None or old is not None

    def clear(self) -> None:
        """Forget everything."""
        self._young.clear()
        self._old.clear()
        self._weight = 0

    def _weighed(self, value: V) -> int:
        return min(self.weigh(value), max(self.size // SHARE, 1))

    def __len__(self) -> int:
        """Return how much is known."""
        return len(self._young) + len(self._old)

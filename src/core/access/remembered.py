"""A bounded memory that forgets what was not used for long."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class Remembered(Generic[K, V]):
    """Two generations of at most `size` each: what is used of the old one moves to the young one."""

    size: int
    evicted: Callable[[], None] = lambda: None
    """Told when the old generation is dropped."""
    _young: dict[K, V] = field(default_factory=dict, init=False)
    _old: dict[K, V] = field(default_factory=dict, init=False)

    def get(self, key: K) -> V | None:
        """Return what is known under `key`."""
        found = self._young.get(key)
        if found is None and (found := self._old.pop(key, None)) is not None:
            self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        """Remember `value`."""
        if len(self._young) >= self.size:
            self._old, self._young = self._young, {}
            self.evicted()
        self._young[key] = value

    def forget(self, key: K) -> bool:
        """Forget what is known under `key`; tell whether anything was."""
        young, old = self._young.pop(key, None), self._old.pop(key, None)
        return young is not None or old is not None

    def clear(self) -> None:
        """Forget everything."""
        self._young.clear()
        self._old.clear()

    def __len__(self) -> int:
        """Return how much is known."""
        return len(self._young) + len(self._old)

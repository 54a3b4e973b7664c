"""Read once for everybody who asks at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(slots=True)
class SharedReads(Generic[Key, Value]):
    """Have one read of a key under way and one waiting, however many ask: no answer is older than its question."""

    read: Callable[[Key], Awaitable[Value]]
    _running: dict[Key, asyncio.Task[Value]] = field(default_factory=dict, init=False)
    _next: dict[Key, asyncio.Task[Value]] = field(default_factory=dict, init=False)

    async def __call__(self, key: Key) -> Value:
        """Return what a read says that has not begun yet."""
        found = self._next.get(key)
        if found is None:
            found = self._next[key] = asyncio.create_task(self._after(key, self._running.get(key)))
            found.add_done_callback(_noticed)
        # Others wait for it as well: whoever hangs up does not take it along.
        return await asyncio.shield(found)

    async def _after(self, key: Key, before: "asyncio.Task[Value] | None") -> Value:
        if before:
            await asyncio.wait([before])
        mine = self._running[key] = self._next.pop(key)
        try:
            return await self.read(key)
        finally:
            if self._running.get(key) is mine:
                del self._running[key]


def _noticed(task: "asyncio.Task[Value]") -> None:
    """Have nobody complain when all who waited for a failure have left."""
    if not task.cancelled():
        task.exception()

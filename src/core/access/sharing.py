"""Do something once for all who wait for it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Shared:
    """Work that begins after it was asked for: whoever asks while it is under way shares the next time."""

    work: Callable[[], Awaitable[None]]
    _waiting: list[asyncio.Future[None]] = field(default_factory=list, init=False)
    """Those for whom it has not begun yet."""
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    async def __call__(self) -> None:
        """Return when it is done; raise what it raises."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._go_on())
        await waiter

    async def _go_on(self) -> None:
        """Work until nobody waits. A task of its own: whoever waits may give up, and the others go on."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            try:
                await self.work()
            except Exception as error:  # noqa: BLE001 - told to everybody who waits
                _tell(waiting, error)
            except BaseException:
                for each in (*waiting, *self._waiting):
                    each.cancel()
                raise
            else:
                _tell(waiting)


def _tell(waiting: Iterable[asyncio.Future[None]], error: Exception | None = None) -> None:
    for each in waiting:
        if each.done():
            continue
        if error:
            each.set_exception(error)
        else:
            each.set_result(None)

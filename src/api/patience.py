"""Give up on clients that keep us waiting, without a timer for each of them."""

from asyncio import AbstractEventLoop, CancelledError, Task, current_task, get_running_loop
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


class Impatient(Exception):
    """It took too long."""


@dataclass(slots=True)
class Patience:
    """Let each wait last at least `seconds`, and no more than half as long again.

    One timer looks after all of them. `asyncio.timeout` makes one each: seven microseconds of every request.
    """

    seconds: float
    _since: dict[Task[Any], float] = field(default_factory=dict, init=False)
    _given_up: set[Task[Any]] = field(default_factory=set, init=False)
    _looking: AbstractEventLoop | None = field(default=None, init=False)
    """The loop whose timer is set."""

    async def __call__(self, wait: Callable[[], Awaitable[T]]) -> T:
        """Return what `wait` returns, or raise `Impatient`."""
        task, loop = current_task(), get_running_loop()
        assert task
        if self._looking is not loop:
            self._looking = loop
            loop.call_later(self.seconds / 2, self._look)
        self._since[task] = loop.time()
        try:
            return await wait()
        except CancelledError:
            if task not in self._given_up:
                raise
            task.uncancel()
            raise Impatient from None
        finally:
            self._given_up.discard(task)
            del self._since[task]

    def _look(self) -> None:
        loop = get_running_loop()
        for task, since in self._since.items():
            if task not in self._given_up and loop.time() - since >= self.seconds:
                self._given_up.add(task)
                task.cancel()
        self._looking = loop if self._since else None
        if self._looking:
            loop.call_later(self.seconds / 2, self._look)

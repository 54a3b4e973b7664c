"""Hash passwords beside the event loop, never in its way."""

import os
import sys
from asyncio import Future, Semaphore, get_running_loop, shield, timeout
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil
from threading import get_native_id
from time import perf_counter
from typing import Any, NoReturn, ParamSpec, Protocol, TypeVar

from domain.kernel.errors import Overloaded

P = ParamSpec("P")
T = TypeVar("T")


def spare_cores() -> int:
    """Return how many threads may hash: one core stays with the event loop."""
    return max(1, (os.cpu_count() or 1) - 1)


class Meter(Protocol):
    """Told how busy the pool is."""

    def queued(self, count: int) -> None:
        """Say how many hashes are accepted and not done, those under way included."""

    def took(self, seconds: float) -> None:
        """Record the time of one hash; called from the thread that made it."""

    def refused(self) -> None:
        """Count a hash that was not accepted."""


@dataclass(slots=True)
class HashingPool:
    """Run at most `slots` hashes at once; refuse one that would wait longer than `patience` seconds."""

    slots: int = field(default_factory=spare_cores)
    patience: float = 2.0
    niceness: int = 0
    """How much less the threads count than the event loop; measured to make the slowest requests slower."""
    meter: Meter | None = None
    _free: Semaphore = field(init=False)
    _threads: ThreadPoolExecutor = field(init=False)
    _accepted: int = field(default=0, init=False)
    _cost: float = field(default=0.025, init=False)
    """Seconds that one hash takes of late."""

    def __post_init__(self) -> None:
        self._free = Semaphore(self.slots)
        self._threads = ThreadPoolExecutor(self.slots, "hashing", _yielding, (self.niceness,))

    def admit(self) -> None:
        """Raise `Overloaded` when the queue is too long: whoever asks first spares the work before the hash, too."""
        wait = (self._accepted + 1 - self.slots) * self._cost / self.slots
        if wait > self.patience:
            self._refuse(wait)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in the pool, or raise `Overloaded`: at once if the queue is too long, else after `patience`."""
        self.admit()
        self._accept(1)
        try:
            # What hashes cost is known of those before only: the next ones may be foreign and ten times as dear.
            async with timeout(self.patience):
                await self._free.acquire()
        except BaseException as error:
            self._accept(-1)
            if isinstance(error, TimeoutError):
                self._refuse(self._accepted * self._cost / self.slots)
            raise
        job = get_running_loop().run_in_executor(self._threads, self._timed, work, args, kwargs)
        # A caller that goes away must not free a slot whose thread is still busy.
        job.add_done_callback(self._done)
        return await shield(job)

    def close(self) -> None:
        """Wait for the hashes that have begun; drop the others."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _refuse(self, wait: float) -> NoReturn:
        if self.meter:
            self.meter.refused()
        raise Overloaded(max(1, ceil(wait))) from None

    def _accept(self, count: int) -> None:
        self._accepted += count
        if self.meter:
            self.meter.queued(self._accepted)

    def _done(self, _: Future[Any]) -> None:
        self._accept(-1)
        self._free.release()

    def _timed(self, work: Callable[..., T], args: tuple[object, ...], kwargs: dict[str, object]) -> T:
        started = perf_counter()
        try:
            return work(*args, **kwargs)
        finally:
            seconds = perf_counter() - started
            self._cost += (seconds - self._cost) / 8
            if self.meter:
                self.meter.took(seconds)


def _yielding(niceness: int) -> None:
    # On Linux a priority belongs to a thread; elsewhere it would slow the whole process down.
    if niceness and sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), niceness)

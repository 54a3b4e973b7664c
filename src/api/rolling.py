"""Replace the processes that answer requests, one after the other, so that nobody notices."""

import logging
import os
import signal
import time
from pathlib import Path
from typing import Any, Final

from granian import _signals
from granian.server.mp import MPServer

from api.streaming import LEAVING
from core.processes import until

STARTED: Final = "GATEWRIGHT_STARTED"
"""The environment variable that names the folder where workers say that they have started."""
PATIENCE: Final = 120.0
"""Seconds that a new worker may take to start."""
LISTENS: Final = 0.5
"""Seconds between a worker's word that it has started and its first connection, at most."""
log: Final = logging.getLogger("gatewright.serve")


class RollingServer(MPServer):
    """On SIGHUP a worker goes when the one that takes its place has started; granian itself waits 3.5 seconds.

    A worker that does not start takes nobody's place: the old ones go on.
    """

    def _respawn_workers(self, workers: list[int], spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        if not delay or STARTED not in os.environ:  # without a delay the old one is dead
            super()._respawn_workers(workers, spawn_target, target_loader, delay)
            return
        for index in workers:
            old: Any = self.wrks[index]
            new: Any = self._spawn_worker(index, spawn_target, target_loader)
            new.interrupt_by_parent = True  # until it has started, its end is nobody's business but ours
            new.start()
            if not _starts(new):
                log.error("worker %s cannot be replaced: the new one does not start; the old ones go on", index + 1)
                new.kill()
                return
            new.interrupt_by_parent = False
            self.wrks[index] = new
            old.terminate()
            old.join(self.workers_kill_timeout)
            if old.is_alive():
                log.warning("worker %s did not finish in time, and is killed", index + 1)
                old.kill()
                old.join()


def _heeded(loop: Any) -> Any:
    """Have the signals that end a worker end its streams too: granian waits for answers, and streams do not end.

    Otherwise the same as granian's own.
    """
    ending: Any = _heed(loop)  # type: ignore[no-untyped-call]  # granian types nothing of this

    def leave() -> None:
        ending.set()
        LEAVING.tell()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leave)
    return ending


_heed: Final = _signals.set_loop_signals
_signals.set_loop_signals = _heeded


def expect(folder: Path) -> None:
    """Have the workers that start from now on say so in `folder`."""
    os.environ[STARTED] = str(folder)


def started() -> None:
    """Say that this worker answers from now on."""
    if folder := os.environ.get(STARTED):
        Path(folder, f"started-{os.getpid()}").touch()


def _starts(worker: Any) -> bool:
    """Wait until a worker has started; return whether it has."""
    said = Path(os.environ[STARTED], f"started-{worker.inner.pid}")
    until(lambda: said.exists() or not worker.is_alive(), PATIENCE)
    if said.exists():
        time.sleep(LISTENS)
    return said.exists() and worker.is_alive()

"""Work that goes on whatever it loses on the way."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import NoReturn

log = logging.getLogger(__name__)

STEADY = 10.0
"""An attempt that held this many seconds starts the waiting times anew."""


async def forever(name: str, attempt: Callable[[], Awaitable[object]], least: float = 0.2, most: float = 5) -> NoReturn:
    """Make attempt after attempt until cancelled; wait between `least` and `most` seconds, longer each time, jittered.

    An attempt serves until it fails. Which failure it was does not matter: a connection that is lost and a defect both
    are logged, and both may be gone next time.
    """
    clock = asyncio.get_running_loop().time
    wait = least
    while True:
        began = clock()
        try:
            await attempt()
        except Exception as error:
            log.warning("%s starts again: %s", name, summary(error))
            log.debug("%s failed", name, exc_info=True)
        except asyncio.CancelledError:
            # aio-pika cancels what waits for a broker that is lost. If nobody cancelled this task, that is all it was.
            end_if_cancelled()
            log.warning("%s starts again: its broker went away", name)
        # A library may have swallowed the cancellation on its way out.
        end_if_cancelled()
        wait = least if clock() - began > STEADY else min(wait * 2, most)
        await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - spreads load, keeps no secret


def end_if_cancelled() -> None:
    """Raise `CancelledError` if somebody cancelled this task, though a library may have caught it."""
    if (task := asyncio.current_task()) and task.cancelling():
        raise asyncio.CancelledError


def summary(error: BaseException) -> str:
    """Name what went wrong, of a group the first of each kind."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(sorted({summary(one) for one in error.exceptions})[:3])
    return f"{type(error).__name__}: {error}"

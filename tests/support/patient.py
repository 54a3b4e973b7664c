"""Clients for a machine that stalls.

A process that has heard of no revocation for two seconds says so rather than guess: 503 `service.unavailable`. One that
got no CPU for as long does, too, and nothing is wrong with it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, TypeVar

from tests.support.http import Caller, Response

UNAVAILABLE: Final = "service.unavailable"
PAUSE: Final = 0.1
BOUND: Final = 30.0
"""Seconds after which the answer is taken as it is."""
TICK: Final = 0.05


class Answered(Protocol):
    """Any answer."""

    @property
    def status(self) -> int: ...

    @property
    def body(self) -> bytes: ...


A = TypeVar("A", bound=Answered)


def unsure(status: int, body: bytes) -> bool:
    """Whether that says that the process cannot tell at the moment; that it has too much to do is another code."""
    return status == 503 and f'"{UNAVAILABLE}"'.encode() in body


async def sure(ask: Callable[[], Awaitable[A]]) -> A:
    """Ask again for as long as the process cannot tell, and not for ever."""
    ends = time.monotonic() + BOUND
    while True:
        found = await ask()
        if not unsure(found.status, found.body) or time.monotonic() > ends:
            return found
        await asyncio.sleep(PAUSE)


@dataclass
class Patient(Caller):
    """A client that asks again when a process cannot tell; `seconds` of its answers are those of all attempts."""

    repeated: int = field(default=0, init=False)
    """How many requests were sent more than once."""

    async def __call__(
        self,
        method: str,
        path: str,
        value: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
    ) -> Response:
        """See `Caller`."""
        attempts, started, once = 0, time.monotonic(), super().__call__

        async def ask() -> Response:
            nonlocal attempts
            attempts += 1
            return await once(method, path, value, headers, body=body)

        found = await sure(ask)
        self.repeated += attempts > 1
        return replace(found, seconds=time.monotonic() - started)


def decided(answers: Sequence[Response]) -> set[int]:
    """Return the statuses of those answers that tell something."""
    return {each.status for each in answers if not unsure(each.status, each.body)}


def doubt(answers: Sequence[Response]) -> float:
    """Return the share of the answers that tell nothing."""
    return sum(unsure(each.status, each.body) for each in answers) / len(answers)


@dataclass
class Machine:
    """Where this test runs."""

    late: float = 0.0
    """Seconds; the most by which it woke anybody too late."""


@asynccontextmanager
async def watched() -> AsyncIterator[Machine]:
    """Look for as long as the block how far the machine is to blame."""
    made = Machine()

    async def tick() -> None:
        while True:
            due = time.monotonic() + TICK
            await asyncio.sleep(TICK)
            made.late = max(made.late, time.monotonic() - due)

    ticking = asyncio.create_task(tick())
    try:
        yield made
    finally:
        # A stall that ends with the block is one of the block.
        await asyncio.sleep(TICK)
        ticking.cancel()

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
IN_FLIGHT: Final = "request.idempotency_key_in_flight"
PAUSE: Final = 0.1
BOUND: Final = 30.0
"""Seconds after which the answer is taken as it is."""
TICK: Final = 0.05
SPAN: Final = 15.0
"""Seconds, longer than anything that is timed may take."""


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


async def sure(ask: Callable[[], Awaitable[A]], doubtful: Callable[[int, bytes], bool] = unsure) -> A:
    """Ask again for as long as the process cannot tell, and not for ever; `doubtful` looks at the status and the body."""
    ends = time.monotonic() + BOUND
    while True:
        found = await ask()
        if not doubtful(found.status, found.body) or time.monotonic() > ends:
            return found
        await asyncio.sleep(PAUSE)


@dataclass
class Patient(Caller):
    """A client that asks again when a process cannot tell; `seconds` of its answers are those of all attempts.

    What could not be told may have been done: a command that must be done once takes an `Idempotency-Key` (`once`).
    """

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

        def doubtful(status: int, body: bytes) -> bool:
            # The first attempt may still be under way, whatever its answer was.
            return unsure(status, body) or (attempts > 1 and status == 409 and f'"{IN_FLIGHT}"'.encode() in body)

        found = await sure(ask, doubtful)
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

    stalls: list[tuple[float, float]] = field(default_factory=list)
    """When it had woken somebody too late, and by how many seconds."""

    @property
    def longest(self) -> float:
        """Seconds; the most by which it woke anybody too late."""
        return max((seconds for _, seconds in self.stalls), default=0.0)

    @property
    def late(self) -> float:
        """Seconds; the most that was lost within `SPAN`: several stalls may meet one request."""
        each = (sum(lost for at, lost in self.stalls if 0 <= at - first < SPAN) for first, _ in self.stalls)
        return max(each, default=0.0)


@asynccontextmanager
async def watched() -> AsyncIterator[Machine]:
    """Look for as long as the block how far the machine is to blame."""
    made = Machine()

    async def tick() -> None:
        while True:
            due = time.monotonic() + TICK
            await asyncio.sleep(TICK)
            if (late := time.monotonic() - due) > TICK:
                made.stalls.append((time.monotonic(), late))

    ticking = asyncio.create_task(tick())
    try:
        yield made
    finally:
        # A stall that ends with the block is one of the block.
        await asyncio.sleep(TICK)
        ticking.cancel()

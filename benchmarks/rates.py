"""How often something can be done in this process, by several at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

from benchmarks.table import Spread

Work = Callable[[int], Awaitable[object]]
"""Does it once; the number says which of those at work it is."""


async def in_turn(works: Sequence[Work], *, at_once: int, seconds: float, rounds: int) -> list[Spread]:
    """Return the rates of `works`, measured one after the other in each round; a first round is not counted."""
    found: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for rates, work in zip(found, works, strict=True):
            rate = await _rate(work, at_once, seconds if number else seconds / 2)
            if number:
                rates.append(rate)
    return [Spread(rates) for rates in found]


async def _rate(work: Work, at_once: int, seconds: float) -> float:
    started = perf_counter()

    async def go_on(number: int) -> int:
        count = 0
        while perf_counter() < started + seconds:
            await work(number)
            count += 1
            # As requests do, the next one comes a turn of the loop later: whoever waits for a connection is first.
            await asyncio.sleep(0)
        return count

    counts = await asyncio.gather(*map(go_on, range(at_once)))
    return sum(counts) / (perf_counter() - started)

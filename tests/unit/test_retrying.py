"""Work that goes on, and how it ends."""

import asyncio
from contextlib import suppress

import pytest

from core.retrying import forever


async def test_goes_on_after_whatever_fails() -> None:
    tries = asyncio.Queue[int]()

    async def attempt() -> None:
        tries.put_nowait(1)
        raise ConnectionError

    going = asyncio.create_task(forever("it", attempt, least=0, most=0))
    for _ in range(3):
        await tries.get()
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going


@pytest.mark.parametrize("ends", ["returns", "fails"])
async def test_a_cancellation_that_an_attempt_swallows_ends_it_all_the_same(ends: str) -> None:
    begun = asyncio.Event()

    async def attempt() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        if ends == "fails":
            raise ConnectionError

    going = asyncio.create_task(forever("it", attempt, least=0, most=0))
    await begun.wait()
    going.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await going


async def test_a_cancellation_of_somebody_else_is_a_failure_like_any_other() -> None:
    tries = asyncio.Queue[int]()

    async def attempt() -> None:
        tries.put_nowait(1)
        raise asyncio.CancelledError

    going = asyncio.create_task(forever("it", attempt, least=0, most=0))
    for _ in range(3):
        await tries.get()
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going

"""A worker ends, even if a part of it did not hear of it."""

import asyncio
from contextlib import suppress
from typing import NoReturn

from core.worker import end


async def test_whoever_forgets_a_cancellation_is_told_again() -> None:
    told, begun = list[str](), asyncio.Event()

    async def forgetful() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        told.append("once")
        try:
            await asyncio.Event().wait()
        finally:
            told.append("twice")

    async def run() -> NoReturn:
        async with asyncio.TaskGroup() as group:
            group.create_task(forgetful())
        raise AssertionError

    others = asyncio.all_tasks()
    working = asyncio.create_task(run())
    await begun.wait()
    async with asyncio.timeout(5):
        await end(working, others, patience=0.01)

    assert working.cancelled()
    assert told == ["once", "twice"]


async def test_what_needs_a_while_to_end_has_it() -> None:
    ended, begun = list[str](), asyncio.Event()

    async def run() -> NoReturn:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("done")
        raise AssertionError

    others = asyncio.all_tasks()
    working = asyncio.create_task(run())
    await begun.wait()
    await end(working, others)

    assert ended == ["done"]

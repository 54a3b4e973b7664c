"""One timer for all who wait."""

import asyncio
from typing import Any

import pytest

from api.patience import Impatient, Patience


async def forever() -> None:
    await asyncio.Event().wait()


async def soon(value: str) -> str:
    return value


async def test_i3_gives_up_on_what_takes_too_long() -> None:
    patience = Patience(0.02)
    with pytest.raises(Impatient):
        await patience(forever)
    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0
    assert await patience(lambda: soon("quick")) == "quick"


async def test_i3_gives_up_on_all_of_them() -> None:
    patience = Patience(0.02)
    ended = await asyncio.gather(*(patience(forever) for _ in range(50)), return_exceptions=True)
    assert {type(each) for each in ended} == {Impatient}


async def test_goes_on_looking_while_someone_waits() -> None:
    patience = Patience(0.02)
    for _ in range(2):
        with pytest.raises(Impatient):
            await patience(forever)


async def test_sets_one_timer_for_all_of_them() -> None:
    class Counting(asyncio.SelectorEventLoop):
        timers = 0

        def call_later(self, *arguments: Any) -> asyncio.TimerHandle:  # type: ignore[override]  # all that is used
            self.timers += 1
            return super().call_later(*arguments)

    async def ask(patience: Patience) -> None:
        for _ in range(100):
            assert await patience(lambda: soon("quick")) == "quick"

    loop = Counting()
    await asyncio.to_thread(loop.run_until_complete, ask(Patience(9)))
    loop.close()
    assert loop.timers == 1


async def test_lets_a_cancellation_through() -> None:
    task = asyncio.ensure_future(Patience(9)(forever))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_lets_a_failure_through() -> None:
    async def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await Patience(9)(fail)

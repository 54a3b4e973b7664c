import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator

import pytest

from core.hashing import HashingPool, spare_cores
from domain.kernel.errors import Overloaded


@pytest.fixture
async def pool() -> AsyncIterator[HashingPool]:
    made = HashingPool(1, patience=9)
    yield made
    made.close()


async def test_f15_runs_no_more_than_its_slots() -> None:
    pool, meeting = HashingPool(2, patience=9), threading.Barrier(2, timeout=5)
    lock, running, most = threading.Lock(), 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        meeting.wait()
        with lock:
            running -= 1
        meeting.wait()

    await asyncio.gather(*(pool.run(work) for _ in range(12)))
    pool.close()
    assert most == 2


async def test_f15_refuses_at_once_what_would_wait_too_long(pool: HashingPool) -> None:
    release = threading.Event()
    pool._cost, pool.patience = 3.0, 8.0
    jobs = [asyncio.create_task(pool.run(release.wait, 5)) for _ in range(3)]
    await asyncio.sleep(0)

    with pytest.raises(Overloaded) as refusal:
        await pool.run(int)
    assert refusal.value.retry_after == 9
    release.set()
    await asyncio.gather(*jobs)
    assert await pool.run(int) == 0


async def test_f15_nobody_waits_longer_than_promised_whatever_the_hashes_before_cost(pool: HashingPool) -> None:
    release = threading.Event()
    pool.patience = 0.05
    dear = asyncio.create_task(pool.run(release.wait, 60))
    outcomes = await asyncio.gather(*(pool.run(int) for _ in range(2)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [Overloaded] * 2
    assert pool._accepted == 1, "only what has begun"
    release.set()
    assert await dear
    assert await pool.run(int) == 0


async def test_f15_waits_as_expected_from_what_hashes_cost(pool: HashingPool) -> None:
    pool._cost = 1.0
    for _ in range(60):
        await pool.run(int)
    assert pool._cost < 0.1
    pool._cost = 0.0
    await pool.run(time.sleep, 0.08)
    assert pool._cost > 0.009


async def test_a_caller_that_leaves_does_not_free_a_busy_slot(pool: HashingPool) -> None:
    begun, release = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        release.wait(5)

    leaving = asyncio.create_task(pool.run(work))
    assert await asyncio.to_thread(begun.wait, 5)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert pool._free.locked()
    assert pool._accepted == 1

    release.set()
    assert await pool.run(int) == 0
    assert pool._accepted == 0


async def test_a_caller_that_leaves_the_queue_gives_its_place_back(pool: HashingPool) -> None:
    release = threading.Event()
    running = asyncio.create_task(pool.run(release.wait, 5))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(pool.run(int))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert pool._accepted == 1

    release.set()
    await running
    assert pool._accepted == 0
    assert not pool._free.locked()


async def test_a_failure_frees_the_slot(pool: HashingPool) -> None:
    for _ in range(3):
        with pytest.raises(ValueError, match="invalid literal"):
            await pool.run(int, "x")
    assert await pool.run(int, "7") == 7
    assert pool._accepted == 0


async def test_leaves_a_core_to_the_event_loop() -> None:
    assert spare_cores() == max(1, (os.cpu_count() or 1) - 1)
    assert HashingPool().slots == spare_cores()


@pytest.mark.skipif(sys.platform != "linux", reason="priorities belong to threads on Linux only")
async def test_its_threads_yield_to_the_event_loop() -> None:
    pool = HashingPool(1, patience=9, niceness=5)
    here = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    there = await pool.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    pool.close()
    assert there == min(here + 5, 19) or there == 5
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == here

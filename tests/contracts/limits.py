"""What every `Limits` promises."""

import asyncio
import time

import pytest

from domain.kernel.errors import TooManyRequests
from domain.kernel.ports import Limits


async def admitted(limits: Limits, name: str, key: str, most: int, seconds: int) -> bool:
    """Count an attempt; return whether it was admitted."""
    try:
        await limits.hit(name, key, most, seconds)
    except TooManyRequests:
        return False
    return True


class LimitsContract:
    """Subclasses provide the fixture `limits`, empty at first."""

    async def test_admits_the_most_and_refuses_the_next(self, limits: Limits) -> None:
        for _ in range(3):
            await limits.hit("sign_in", "ada", 3, 60)
        with pytest.raises(TooManyRequests) as refused:
            await limits.hit("sign_in", "ada", 3, 60)
        assert 30 <= refused.value.retry_after <= 60

    async def test_says_how_many_are_left(self, limits: Limits) -> None:
        told = [await limits.hit("sign_in", "ada", 3, 60) for _ in range(3)]
        assert [each and each.left for each in told] == [2, 1, 0]
        assert all(each and 30 <= each.resets <= 60 for each in told)
        assert await limits.hit("sign_in", "ada", 0, 60) is None

    async def test_a_limit_of_one_admits_one(self, limits: Limits) -> None:
        await limits.hit("reset", "ada", 1, 60)
        assert not await admitted(limits, "reset", "ada", 1, 60)

    async def test_counts_each_name_and_key_for_itself(self, limits: Limits) -> None:
        await limits.hit("sign_in", "ada", 1, 60)
        await limits.hit("sign_in", "bob", 1, 60)
        await limits.hit("sign_up", "ada", 1, 60)
        await limits.hit("sign", "_inada", 1, 60)
        assert not await admitted(limits, "sign_in", "ada", 1, 60)

    async def test_zero_means_no_limit(self, limits: Limits) -> None:
        for _ in range(20):
            await limits.hit("sign_in", "ada", 0, 60)
        await limits.hit("sign_in", "ada", 1, 60)

    async def test_forgets_what_is_cleared_and_nothing_else(self, limits: Limits) -> None:
        await limits.hit("sign_in", "ada", 1, 60)
        await limits.hit("sign_in", "bob", 1, 60)
        await limits.clear("sign_in", "ada")
        await limits.clear("sign_in", "never seen")
        assert await admitted(limits, "sign_in", "ada", 1, 60)
        assert not await admitted(limits, "sign_in", "bob", 1, 60)

    async def test_refused_attempts_do_not_prolong_the_wait(self, limits: Limits) -> None:
        began = time.monotonic()
        await limits.hit("sign_in", "ada", 1, 1)
        async with asyncio.timeout(60):
            while not await admitted(limits, "sign_in", "ada", 1, 1):  # noqa: ASYNC110 - asking often is the test
                await asyncio.sleep(0.05)
        assert time.monotonic() - began >= 0.99

    async def test_a_lower_limit_holds_for_what_was_admitted_under_a_higher_one(self, limits: Limits) -> None:
        for _ in range(5):
            await limits.hit("sign_in", "ada", 5, 60)
        assert not await admitted(limits, "sign_in", "ada", 2, 60)
        assert await admitted(limits, "sign_in", "ada", 6, 60)

    async def test_f11_parallel_attempts_admit_exactly_the_most(self, limits: Limits) -> None:
        outcomes = await asyncio.gather(*(admitted(limits, "sign_in", "ada", 17, 60) for _ in range(200)))
        assert sum(outcomes) == 17

    async def test_f11_no_window_of_any_position_holds_more_than_the_most(self, limits: Limits) -> None:
        most, seen = 4, list[tuple[float, float]]()
        async with asyncio.timeout(60):
            while len(seen) <= 2 * most:
                before = time.monotonic()
                if await admitted(limits, "sign_in", "ada", most, 1):
                    seen.append((before, time.monotonic()))
                await asyncio.sleep(0.02)
        for (before, _), (_, after) in zip(seen, seen[most:], strict=False):
            assert after - before >= 0.99

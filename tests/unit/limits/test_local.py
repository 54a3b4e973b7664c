from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.limits import LocalLimits
from domain.kernel.errors import TooManyRequests
from tests.contracts.limits import LimitsContract, admitted


@dataclass
class Hands:
    """A clock that moves when told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class TestLocalLimits(LimitsContract):
    @pytest.fixture
    def limits(self) -> LocalLimits:
        return LocalLimits()


async def test_says_after_how_many_seconds_the_next_attempt_is_admitted() -> None:
    clock = Hands()
    limits = LocalLimits(clock)
    await limits.hit("sign_in", "ada", 2, 60)
    clock.now += 20.5
    await limits.hit("sign_in", "ada", 2, 60)
    with pytest.raises(TooManyRequests) as refused:
        await limits.hit("sign_in", "ada", 2, 60)
    assert refused.value.retry_after == 40
    clock.now += refused.value.retry_after
    await limits.hit("sign_in", "ada", 2, 60)


@given(st.integers(1, 5), st.lists(st.floats(0, 4), min_size=1, max_size=60))
async def test_f11_never_admits_more_than_the_most_within_a_window(most: int, pauses: list[float]) -> None:
    clock = Hands()
    limits = LocalLimits(clock)
    times = []
    for pause in pauses:
        clock.now += pause
        if await admitted(limits, "sign_in", "ada", most, 10):
            times.append(clock.now)
    assert all(late - early >= 10 for early, late in zip(times, times[most:], strict=False))
    assert all(early <= late for early, late in pairwise(times))


async def test_forgets_whoever_came_longest_ago_when_it_is_full() -> None:
    limits = LocalLimits(capacity=10)
    for key in range(25):
        await limits.hit("sign_in", str(key), 2, 60)
    assert len(limits) == 10
    await limits.hit("sign_in", "24", 2, 60)
    assert not await admitted(limits, "sign_in", "24", 2, 60)
    assert await admitted(limits, "sign_in", "0", 1, 60)


async def test_what_comes_often_makes_room_for_itself_alone() -> None:
    limits = LocalLimits(capacity=20)
    await limits.hit("export", "ada", 1, 3600)
    await limits.hit("reset_mail", "eve", 1, 3600)
    for number in range(100):
        await limits.hit("refresh", str(number // 2), 6000, 60)
        await limits.hit("command", "ada", 6000, 60)
    assert len(limits) <= 20
    assert not await admitted(limits, "export", "ada", 1, 3600)
    assert not await admitted(limits, "reset_mail", "eve", 1, 3600)


async def test_names_share_the_room_when_all_are_flooded() -> None:
    limits = LocalLimits(capacity=20)
    for number in range(100):
        for name in ("export", "refresh"):
            await limits.hit(name, str(number), 1, 3600)
    for name in ("export", "refresh"):
        for number in range(91, 100):
            assert not await admitted(limits, name, str(number), 1, 3600)


async def test_one_key_that_fills_all_the_room_loses_its_first_attempts_only() -> None:
    limits = LocalLimits(capacity=20)
    for _ in range(50):
        await limits.hit("refresh", "everybody", 1000, 60)
    assert len(limits) == 20
    assert not await admitted(limits, "refresh", "everybody", 20, 60)


async def test_remembers_no_more_of_one_key_than_its_limit_needs() -> None:
    clock = Hands()
    limits = LocalLimits(clock)
    for _ in range(100):
        clock.now += 10
        await limits.hit("sign_in", "ada", 3, 5)
    assert len(limits) == 3
    await limits.clear("sign_in", "ada")
    assert len(limits) == 0

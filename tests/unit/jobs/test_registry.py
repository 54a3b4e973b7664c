"""Kinds of jobs."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from core.jobs.registry import LONGEST, Job, backoff, by_name


@dataclass
class Nothing:
    pass


async def nothing(_payload: Nothing, _job: UUID) -> None:
    pass


def test_names_are_unique() -> None:
    with pytest.raises(ValueError, match="two jobs are called a"):
        by_name([Job("a", Nothing, nothing), Job("a", Nothing, nothing)])


def test_an_attempt_is_shorter_than_its_lease() -> None:
    with pytest.raises(ValueError, match="no longer than"):
        by_name([Job("a", Nothing, nothing, patience=120)])


def test_a_recurring_job_has_one_row_for_ever() -> None:
    assert Job("a", Nothing, nothing).only == Job("a", Nothing, nothing, attempts=3).only
    assert Job("a", Nothing, nothing).only != Job("b", Nothing, nothing).only


@pytest.mark.parametrize("attempts", range(1, 40))
def test_waits_double_up_to_a_bound_and_are_jittered(attempts: int) -> None:
    full = min(timedelta(seconds=5) * 2 ** (attempts - 1), LONGEST)
    waits = [backoff(attempts) for _ in range(50)]
    assert all(full / 2 <= wait <= full for wait in waits)
    assert len(set(waits)) > 1

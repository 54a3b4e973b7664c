"""What can be asked to be done later, and by what."""

import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from core.postgres.jobs import LEASE

P = TypeVar("P")

LONGEST: Final = timedelta(hours=1)
"""The longest wait between two attempts."""


class Unrepeatable(Exception):
    """The job would fail again, however often it was tried. The text is kept: no secret, no personal data."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """The payload of a job that recurs, and needs none."""


@dataclass(frozen=True, slots=True)
class Job(Generic[P]):
    """One kind of job. It may run twice: when a worker dies between doing it and saying so."""

    name: str
    payload: type[P]
    """A dataclass; the row's JSON object is read into it."""
    handle: Callable[[P, UUID], Awaitable[None]]
    """Do it, given the payload and the job's id, which stays the same however often it is tried."""
    attempts: int = 12
    """After so many failures it is parked; with the waits between them, about four hours."""
    patience: float = 60
    """Seconds an attempt may take."""
    every: timedelta | None = None
    """Do it again and again, so long after it was done: once for all workers, however many there are."""

    @property
    def only(self) -> UUID:
        """The id of the one row of a job that recurs."""
        return uuid5(NAMESPACE_URL, f"gatewright:job:{self.name}")


Jobs = Mapping[str, Job[Any]]


def by_name(jobs: Iterable[Job[Any]]) -> Jobs:
    """Return `jobs` by name; raise `ValueError` if two have the same, or if one may take longer than its lease."""
    made: dict[str, Job[Any]] = {}
    for job in jobs:
        if made.setdefault(job.name, job) is not job:
            raise ValueError(f"two jobs are called {job.name}")
        if timedelta(seconds=job.patience) >= LEASE:
            raise ValueError(f"{job.name} may take no longer than {LEASE}")
    return made


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after so many failures: 5 s, then ever twice as long, less up to a half by chance."""
    full: timedelta = min(timedelta(seconds=5 * 2.0 ** min(attempts - 1, 20)), LONGEST)
    return full * random.uniform(0.5, 1)  # noqa: S311 - spreads load, keeps no secret

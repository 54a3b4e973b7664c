"""What must no longer be accepted, as far as this process has heard."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Annotated, Final

from msgspec import Meta, Struct

unset_clock: Final[Callable[[], float]] = (
    partial(time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
    if hasattr(time, "clock_gettime")
    else time.monotonic
)
"""Tell the seconds since some moment, by a clock that nobody sets and that goes on while the machine sleeps, which
`time.monotonic` does not promise: whoever wakes up has heard of nothing for as long as it slept."""
Whole = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class WireMarker(Struct, frozen=True, omit_defaults=True):
    """A marker as facts and pushes carry it; `cutoff` in seconds since 1970. Unknown members are a newer release's."""

    scope: str
    id: str
    cutoff: Annotated[float, Meta(ge=0, lt=2**40)] | None = None
    epoch: Whole | None = None


class Verdict(Enum):
    """What to do with a token whose signature is good."""

    ACCEPT = "accept"
    REVOKED = "revoked"
    STALE = "stale"
    """This process has not heard for too long to say."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is revoked of one subject: what was issued up to `cutoff`, and under an epoch below `epoch`."""

    cutoff: int
    epoch: int
    since: int
    """Tokens issued after this moment are not concerned: the cut-off; with an epoch not before it was last heard of."""
    until: float
    """Every token that is concerned has expired by then, by the clock that nobody sets."""


MARGIN: Final = 60
"""Seconds: a token may be issued under the old epoch just after the new one was heard of, by a clock running ahead."""
MOST: Final = 3
"""Times `size`, and no more, is kept. A marker takes some 250 bytes."""
SLICE: Final = 500
"""Markers that are learned in one go, which takes a few milliseconds."""
NOTHING: Final = Known(-1, 0, -1, 0.0)


@dataclass(slots=True)
class Revocations:
    """Every marker that a token still alive could fall under.

    Nothing is accepted past `fresh_until`, which is moved on by whoever asked the truth. Past `size` markers the oldest
    tenth makes room by becoming one cut-off for everybody: some people refresh early, and nobody gets in.

    Only markers whose cut-off has passed do that. One that lies ahead, as those of ended sessions and revoked tokens
    do, would shut everybody out until then, whoever refreshed or signed in included. So `MOST` times `size` are kept;
    past that the oldest are lost, and this process cannot say of any token that it is good until their cut-offs have
    passed: it is stale.
    """

    longest: int = 86_400
    """Seconds that the longest-lived token lives."""
    size: int = 200_000
    fresh_until: float = 0.0
    """By `monotonic`; infinity for a process that hears everything itself."""
    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = unset_clock
    news: Callable[[], None] | None = None
    """Called when something was learned that was not known."""
    _known: dict[str, Known] = field(default_factory=dict, init=False)
    _floor: int = field(default=-1, init=False)
    _lost: int = field(default=-1, init=False)
    """The last cut-off of markers that were lost, until it has passed and is everybody's."""
    _room: int = field(init=False)
    """How many markers there may be before it is tried again to make room."""

    def __post_init__(self) -> None:
        self._room = self.size

    @property
    def is_current(self) -> bool:
        """Whether it can be said of a token that it is not revoked."""
        return self._lost < 0 and self.is_fresh

    @property
    def is_fresh(self) -> bool:
        """Whether the truth was asked within the bound; what was lost since may still keep it from being known."""
        return self.monotonic() < self.fresh_until

    def judge(self, subjects: tuple[str, ...], issued: int, epoch: int) -> Verdict:
        """Judge a token by what it names (`session:…`, `user:…`), its `iat` and its `ep`."""
        if issued <= self._floor:
            return Verdict.REVOKED
        if not self._known.keys().isdisjoint(subjects):
            for subject in subjects:
                known = self._known.get(subject, NOTHING)
                if issued <= known.cutoff or epoch < known.epoch:
                    return Verdict.REVOKED
        return Verdict.ACCEPT if self._lost < 0 and self.monotonic() < self.fresh_until else Verdict.STALE

    def learn(self, markers: Iterable[WireMarker]) -> None:
        """Take markers in, in any order and any number of times: neither a cut-off nor an epoch ever moves back."""
        now, lived = int(self.now()), self.monotonic() + self.longest + MARGIN
        learned = False
        for marker in markers:
            subject = f"{marker.scope}:{marker.id}"
            known = self._known.get(subject, NOTHING)
            cutoff = known.cutoff if marker.cutoff is None else max(int(marker.cutoff), known.cutoff)
            epoch = max(marker.epoch or 0, known.epoch)
            learned = learned or (cutoff, epoch) != (known.cutoff, known.epoch)
            until = max(lived + max(0, cutoff - now), known.until)
            self._known[subject] = Known(cutoff, epoch, max(now, cutoff) if epoch else cutoff, until)
        if 0 <= self._lost < now:
            self._floor, self._lost = max(self._floor, self._lost), -1
        if len(self._known) > self._room:
            self._make_room(now)
        if learned and self.news:
            self.news()

    async def take_in(self, markers: Sequence[WireMarker]) -> None:
        """Learn any number of markers, and let others go on meanwhile; all are known when it returns."""
        for first in range(0, max(1, len(markers)), SLICE):
            self.learn(markers[first : first + SLICE])
            if first + SLICE < len(markers):
                await asyncio.sleep(0)

    def forget(self) -> None:
        """Drop markers so old that every token under them has expired. A clock that is set forward ends none."""
        now = self.monotonic()
        self._known = {subject: known for subject, known in self._known.items() if known.until >= now}

    def _make_room(self, now: int) -> None:
        self.forget()
        past = [subject for subject, known in self._known.items() if known.since < now]
        self._floor = max(self._floor, self._drop(past, self.size))
        self._lost = max(self._lost, self._drop(self._known, MOST * self.size))
        self._room = min(MOST * self.size, max(self.size, len(self._known) + self.size // 10))

    def _drop(self, some: Iterable[str], most: int) -> int:
        """Drop the oldest of `some` if there are more than `most` in all; return the last moment they concerned."""
        excess = len(self._known) - most
        if excess <= 0:
            return -1
        oldest = sorted(some, key=lambda subject: self._known[subject].since)[: excess + self.size // 10]
        return max((self._known.pop(subject).since for subject in oldest), default=-1)

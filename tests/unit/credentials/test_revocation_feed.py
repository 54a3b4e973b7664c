import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from core.revocation_feed import CHANNEL, MarkerSource, RevocationFeed, RevocationPush
from domain.kernel.errors import CursorGone, Unavailable
from domain.kernel.revocation import Marker, RevocationScope
from gatewright_verifier.revocations import Revocations, Verdict, WireMarker

LATER = datetime(2100, 1, 1, tzinfo=UTC)
SUBJECT = ("session:1",)


@dataclass
class MemoryMarkers(MarkerSource):
    """A log in memory that can be cut off, stalled and spoilt."""

    live: list[WireMarker] = field(default_factory=list)
    log: list[WireMarker] = field(default_factory=list)
    asked: list[int | None] = field(default_factory=list)
    failing: Exception | None = None
    replaced: bool = False
    """Whether the log has become another since it was last begun with."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def start(self) -> tuple[int, Sequence[WireMarker]]:
        await self._ask(None)
        self.replaced = False
        return len(self.log), self.live + self.log

    async def since(self, position: int) -> tuple[int, Sequence[WireMarker]]:
        await self._ask(position)
        if self.replaced:
            raise CursorGone
        return len(self.log), self.log[position:]

    async def _ask(self, position: int | None) -> None:
        self.asked.append(position)
        self.changed.set()
        await self.gate.wait()
        if self.failing:
            raise self.failing

    async def until_asked(self, times: int) -> None:
        """Wait until that many more questions came."""
        goal = len(self.asked) + times
        while len(self.asked) < goal:
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 5)


def session(at: int = 2**33) -> Marker:
    return Marker(RevocationScope.SESSION, "1", LATER, cutoff=datetime.fromtimestamp(at, UTC))


def wire(at: float = 2.0**33) -> WireMarker:
    return WireMarker("session", "1", cutoff=at)


def verdict(revocations: Revocations) -> Verdict:
    return revocations.judge(SUBJECT, 1, 0)


@dataclass(slots=True)
class Told(Revocations):
    """Revocations that one can wait for."""

    told: asyncio.Event = field(default_factory=asyncio.Event)

    def learn(self, markers: Iterable[WireMarker]) -> None:
        Revocations.learn(self, markers)
        self.told.set()

    async def until(self, expected: Verdict, subject: tuple[str, ...] = SUBJECT) -> None:
        """Wait until tokens of `subject` are judged so."""
        async with asyncio.timeout(5):
            while self.judge(subject, 1, 0) is not expected:
                self.told.clear()
                await self.told.wait()


@pytest.fixture
def markers() -> MemoryMarkers:
    return MemoryMarkers()


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
async def running() -> AsyncIterator[Callable[[RevocationFeed], None]]:
    tasks: list[asyncio.Task[None]] = []
    yield lambda feed: tasks.append(asyncio.create_task(feed.run()))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_first_pull_learns_what_is_live(markers: MemoryMarkers) -> None:
    markers.live = [wire()]
    revocations = Revocations()
    await RevocationFeed(revocations, markers).pull()
    assert verdict(revocations) is Verdict.REVOKED
    assert revocations.judge(("session:2",), 1, 0) is Verdict.ACCEPT


async def test_later_pulls_ask_for_what_is_new(markers: MemoryMarkers) -> None:
    revocations = Revocations()
    feed = RevocationFeed(revocations, markers)
    await feed.pull()
    markers.log += [wire()]
    await feed.pull()
    await feed.pull()
    assert markers.asked == [None, 0, 0, 1]
    assert verdict(revocations) is Verdict.REVOKED


async def test_is_fresh_for_the_bound_after_the_question_not_after_the_answer(markers: MemoryMarkers) -> None:
    clock = [10.0]
    revocations = Revocations(monotonic=lambda: clock[0])
    feed = RevocationFeed(revocations, markers)
    await feed.pull()
    markers.gate.clear()
    pull = asyncio.create_task(feed.pull())
    await markers.until_asked(1)
    clock[0] = 10.9
    markers.gate.set()
    await pull

    assert revocations.fresh_until == 12.0
    clock[0] = 11.999
    assert verdict(revocations) is Verdict.ACCEPT
    clock[0] = 12.0
    assert verdict(revocations) is Verdict.STALE


async def test_every_live_marker_may_take_longer_than_the_bound_and_what_is_asked_at_once_after_it_makes_fresh(
    markers: MemoryMarkers,
) -> None:
    clock = [10.0]
    markers.live = [wire()]
    revocations = Revocations(monotonic=lambda: clock[0])
    markers.gate.clear()
    pull = asyncio.create_task(RevocationFeed(revocations, markers, bound=0.02).pull())
    await markers.until_asked(1)
    await asyncio.sleep(0.05)  # so long that any other question would be given up
    clock[0] = 18.0
    markers.gate.set()
    await pull
    assert markers.asked == [None, 0]
    assert revocations.fresh_until == 18.02
    assert verdict(revocations) is Verdict.REVOKED


async def test_begins_again_when_the_log_is_another(markers: MemoryMarkers) -> None:
    revocations = Revocations()
    feed = RevocationFeed(revocations, markers)
    await feed.pull()
    markers.live, markers.replaced = [wire()], True
    await feed.pull()
    assert markers.asked == [None, 0, 0, None, 0]
    assert verdict(revocations) is Verdict.REVOKED


async def test_others_go_on_while_very_many_markers_are_learned(markers: MemoryMarkers) -> None:
    markers.live = [WireMarker("session", str(number), cutoff=2.0**33) for number in range(5_000)]
    revocations = Revocations()
    pull, turns = asyncio.create_task(RevocationFeed(revocations, markers).pull()), 0
    while not pull.done():
        known = len(revocations._known)
        turns += 0 < known < 5_000
        assert not revocations.is_current or known == 5_000
        await asyncio.sleep(0)
    assert turns >= 9


async def test_a_failed_pull_does_not_make_fresh(markers: MemoryMarkers) -> None:
    markers.failing = Unavailable()
    revocations = Revocations()
    with pytest.raises(Unavailable):
        await RevocationFeed(revocations, markers).pull()
    assert verdict(revocations) is Verdict.STALE


async def test_a_pull_that_never_ends_is_given_up_within_the_bound(markers: MemoryMarkers) -> None:
    feed = RevocationFeed(Revocations(), markers, bound=0.02)
    await feed.pull()
    markers.gate.clear()
    with pytest.raises(Unavailable):
        await feed.pull()


async def test_goes_on_pulling_through_an_outage(
    markers: MemoryMarkers, running: Callable[[RevocationFeed], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "core.revocation_feed")
    revocations = Told()
    running(RevocationFeed(revocations, markers, every=0.002, bound=0.5))
    await revocations.until(Verdict.ACCEPT)

    markers.failing = Unavailable()
    await markers.until_asked(5)
    markers.failing = msgspec.ValidationError("a marker that cannot be read")
    while verdict(revocations) is not Verdict.STALE:
        await markers.until_asked(1)

    markers.log += [wire()]
    markers.failing = None
    await revocations.until(Verdict.REVOKED)
    await revocations.until(Verdict.ACCEPT, ("session:2",))
    await markers.until_asked(1)
    said = [record.levelname for record in caplog.records if record.name == "core.revocation_feed"]
    assert said == ["WARNING", "INFO"], "once when it begins, once when it ends"


async def test_hears_pushes_at_once(
    markers: MemoryMarkers, server: FakeServer, running: Callable[[RevocationFeed], None]
) -> None:
    there = Told()
    running(RevocationFeed(there, markers, FakeAsyncRedis(server=server), every=60, bound=600))
    here = FakeAsyncRedis(server=server)
    await there.until(Verdict.ACCEPT)
    async with asyncio.timeout(5):
        while (await here.pubsub_numsub(CHANNEL))[0][1] == 0:  # noqa: ASYNC110 - Redis does not tell who comes
            await asyncio.sleep(0.001)

    await here.publish(CHANNEL, b"not ours")
    await here.publish(CHANNEL, b'[{"scope":1}]')
    push = RevocationPush(Revocations(), here)
    push([session()])
    await push.close()
    await there.until(Verdict.REVOKED)


async def test_pulls_what_is_not_pushed(
    markers: MemoryMarkers, server: FakeServer, running: Callable[[RevocationFeed], None]
) -> None:
    revocations = Told()
    server.connected = False
    running(RevocationFeed(revocations, markers, FakeAsyncRedis(server=server), every=0.002))
    await revocations.until(Verdict.ACCEPT)
    markers.log += [wire()]
    await revocations.until(Verdict.REVOKED)


async def test_this_process_learns_at_once() -> None:
    revocations = Revocations()
    RevocationPush(revocations)([session()])
    assert verdict(revocations) is Verdict.REVOKED


async def test_a_push_that_fails_fails_nobody(server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.connected = False
    push = RevocationPush(Revocations(), FakeAsyncRedis(server=server))
    push([session()])
    await push.close()
    said = [record.levelname for record in caplog.records if record.name == "core.revocation_feed"]
    assert said == ["WARNING"]

    server.connected = True
    push([session()])
    await push.close()
    assert len([record for record in caplog.records if record.name == "core.revocation_feed"]) == 1


async def test_many_pushes_are_few_messages(server: FakeServer) -> None:
    redis = FakeAsyncRedis(server=server)
    push = RevocationPush(Revocations(), redis)
    async with redis.pubsub() as pushes:
        await pushes.subscribe(CHANNEL)
        await pushes.get_message(timeout=1)
        for _ in range(1200):
            push([session()])
        await push.close()
        received = []
        while message := await pushes.get_message(timeout=0.05):
            received.append(len(msgspec.json.decode(message["data"])))
    assert sum(received) == 1200
    assert len(received) == 3


@pytest.mark.parametrize("turns", range(20))
async def test_stops_when_told_to_whatever_it_is_doing(markers: MemoryMarkers, server: FakeServer, turns: int) -> None:
    feed = RevocationFeed(Revocations(), markers, FakeAsyncRedis(server=server), every=0.01)
    running = asyncio.create_task(feed.run())
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    done, _ = await asyncio.wait([running], timeout=5)
    assert done

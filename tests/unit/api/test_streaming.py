"""Answers that are sent while they are made."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from api import streaming
from api.streaming import Flow, Leaving, Streamed, lines
from domain.kernel.errors import Overloaded
from domain.kernel.ids import UserId, uuid7
from domain.kernel.schemas import Stream


class Parts:
    """Makes parts, and knows how many it was asked for and whether it was closed."""

    def __init__(self, count: int, *, fails: bool = False) -> None:
        self.count, self.fails, self.made, self.closed = count, fails, 0, asyncio.Event()

    async def __call__(self) -> AsyncGenerator[list[dict[str, int]], None]:
        try:
            for number in range(self.count):
                self.made += 1
                yield [{"number": number}]
            if self.fails:
                raise LookupError("hunter2")
            await asyncio.Event().wait()
        finally:
            self.closed.set()


class Wire:
    """The connection: takes what it is told to, and breaks when it is told to."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.takes, self.broken = asyncio.Semaphore(1_000), asyncio.Event()
        self.took = asyncio.Condition()

    async def send(self, event: Any) -> None:
        await self.takes.acquire()
        self.sent.append(event)
        async with self.took:
            self.took.notify_all()

    async def count(self, events: int) -> None:
        """Return when so many events were sent."""
        async with self.took, asyncio.timeout(5):
            await self.took.wait_for(lambda: len(self.sent) >= events)

    async def receive(self) -> Any:
        await self.broken.wait()
        return {"type": "http.disconnect"}

    def body(self) -> bytes:
        return b"".join(each.get("body", b"") for each in self.sent)


async def start(parts: Parts, wire: Wire, flow: Flow, member: UserId | None = None) -> asyncio.Task[None]:
    flow.enter()
    answer = Streamed(flow, Stream(parts(), member))
    return asyncio.create_task(answer.send({}, wire.receive, wire.send))  # type: ignore[arg-type]  # nothing reads the scope


async def test_each_part_is_sent_as_lines_when_it_is_made() -> None:
    parts, wire = Parts(3), Wire()
    sending = await start(parts, wire, lines(1, 1))
    await wire.count(4)
    assert wire.sent[0]["status"] == 200
    assert (b"content-type", b"application/x-ndjson") in wire.sent[0]["headers"]
    assert wire.body() == b'{"number":0}\n{"number":1}\n{"number":2}\n'
    assert all(each["more_body"] for each in wire.sent[1:])
    wire.broken.set()
    await asyncio.wait_for(sending, 5)


async def test_who_leaves_lets_everything_go() -> None:
    parts, wire, flow = Parts(1), Wire(), lines(1, 1)
    sending = await start(parts, wire, flow)
    await wire.count(2)
    with pytest.raises(Overloaded):
        flow.enter()
    wire.broken.set()
    await asyncio.wait_for(sending, 5)
    assert parts.closed.is_set()
    flow.enter()


async def test_one_member_has_their_share_and_members_leave_some_to_readers_of_the_platform() -> None:
    flow, ada, eve = lines(8, 4), UserId(uuid7()), UserId(uuid7())
    for member, admitted in ((ada, 4), (eve, 2)):
        for _ in range(admitted):
            flow.enter()
            flow.admit(member)
        with pytest.raises(Overloaded):
            flow.admit(member)
    with pytest.raises(Overloaded):
        flow.admit(UserId(uuid7()))
    for _ in range(2):
        flow.enter()
        flow.admit(None)
    with pytest.raises(Overloaded):
        flow.enter()


async def test_a_member_who_leaves_can_come_again() -> None:
    parts, wire, flow, member = Parts(1), Wire(), lines(4, 1), UserId(uuid7())
    sending = await start(parts, wire, flow, member)
    await wire.count(2)
    with pytest.raises(Overloaded):
        await start(Parts(1), Wire(), flow, member)
    wire.broken.set()
    await asyncio.wait_for(sending, 5)
    flow.admit(member)


async def test_a_slow_reader_costs_one_part() -> None:
    parts, wire = Parts(100), Wire()
    wire.takes = asyncio.Semaphore(3)
    sending = await start(parts, wire, lines(1, 1))
    for _ in range(200):
        await asyncio.sleep(0)
    assert parts.made == 3
    wire.broken.set()
    await asyncio.wait_for(sending, 5)
    assert parts.closed.is_set()


async def test_who_takes_nothing_for_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PATIENCE", 0.05)
    parts, wire, flow = Parts(100), Wire(), lines(1, 1)
    wire.takes = asyncio.Semaphore(3)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(await start(parts, wire, flow), 5)
    assert parts.closed.is_set()
    flow.enter()


async def test_a_failure_in_the_middle_does_not_look_like_the_end() -> None:
    parts, wire, flow = Parts(2, fails=True), Wire(), lines(1, 1)
    with pytest.raises(LookupError):
        await asyncio.wait_for(await start(parts, wire, flow), 5)
    assert all(each["more_body"] for each in wire.sent[1:])
    flow.enter()


async def test_streams_end_when_the_process_is_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    leaving = Leaving()
    monkeypatch.setattr(streaming, "LEAVING", leaving)
    parts, wire = Parts(1), Wire()
    sending = await start(parts, wire, lines(2, 2))
    await wire.count(2)
    leaving.tell()
    await asyncio.wait_for(sending, 5)
    assert not wire.sent[-1]["more_body"]
    assert parts.closed.is_set()
    late = Wire()
    await asyncio.wait_for(await start(Parts(1), late, lines(2, 2)), 5)

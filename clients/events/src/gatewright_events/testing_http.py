"""A Gatewright in memory, for the tests of subscribers: what it announces, as it is asked for over HTTP."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import httpx2

from gatewright_events.digests import digest_of
from gatewright_events.events import matches
from gatewright_events.snapshots import GREATEST, LEAST, State
from gatewright_events.testing import Announcer

TOKEN: Final = "a-token"  # noqa: S105 - of no service
ADDRESS: Final = "https://auth.example.com"


async def _nothing(_: str) -> None: ...


@dataclass
class MemoryGatewright:
    """Keeps everything that was announced, and the state that it led to; `client()` asks it."""

    log: str = "6b0e6d9e-6d1e-4f5b-9b53-5a0c7f2f8f12"
    events: list[dict[str, Any]] = field(default_factory=list)
    states: dict[UUID, State] = field(default_factory=dict)
    dropped: int = 0
    """How many of the oldest events are not kept any more."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Paths and parameters; of several with a name the last."""
    before: Callable[[str], Awaitable[None]] = field(default=_nothing)
    """Is told the path before each answer, and may change things then."""
    after: Callable[[str], Awaitable[None]] = field(default=_nothing)
    """The same, once the answer is known."""
    _announcer: Announcer = field(default_factory=Announcer)

    def announce(self, type_: str, aggregate_id: UUID, *, ends: bool = False, **data: Any) -> dict[str, Any]:
        """Announce the next event of an aggregate, which has these fields from then on, or is gone."""
        event = self._announcer.announce(type_, aggregate_id, **data)
        self.events.append(event)
        known = self.states.pop(aggregate_id, None)
        if not ends:
            told = {**(known.data if known else {}), **data}
            kind, version = event["aggregatetype"], event["aggregateversion"]
            self.states[aggregate_id] = State(kind, aggregate_id, version, None, told)
        return event

    def client(self) -> httpx2.AsyncClient:
        """Return what a `FeedSubscriber` for `ADDRESS` asks it with, given the credential `TOKEN`."""
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self.answer))

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Answer the feed, snapshots and digests."""
        path = request.url.path.removeprefix("/auth/events")
        self.asked.append((path, dict(request.url.params)))
        await self.before(path)
        answer = self._answer(path, request)
        await self.after(path)
        return answer

    def _answer(self, path: str, request: httpx2.Request) -> httpx2.Response:
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            return httpx2.Response(401)
        given: dict[str, Any] = dict(request.url.params)
        if path == "/snapshot":
            return self._snapshot(given["kind"], given.get("after"), int(given["limit"]))
        if path == "/digest":
            first, last = UUID(given["first"]), UUID(given["last"])
            return self._digest(given["kind"], first, last, int(given["parts"]))
        return self._feed(given.get("after"), int(given["limit"]), request.url.params.get_list("type"))

    def _feed(self, after: str | None, limit: int, types: list[str]) -> httpx2.Response:
        log, _, place = (after or f"{self.log}.0").rpartition(".")
        if after and (log != self.log or int(place) < self.dropped):
            return httpx2.Response(410, json={"code": "request.cursor_gone"})
        if int(place) > len(self.events):
            return httpx2.Response(400, json={"code": "request.cursor_invalid"})
        kept = self.events[max(int(place), self.dropped) :]
        wanted = [each for each in kept if not types or matches(types, each["type"])][:limit]
        last = int(wanted[-1]["sequence"]) if len(wanted) == limit else len(self.events)
        more = last < len(self.events)
        return httpx2.Response(200, json={"items": wanted, "next": f"{log}.{last}", "more": more})

    def _snapshot(self, kind: str, after: str | None, limit: int) -> httpx2.Response:
        behind = [each for each in self._kept(kind) if after is None or each.id > UUID(after)]
        found, complete = behind[:limit], len(behind) < limit
        lines: list[dict[str, Any]] = [
            {"cursor": f"{self.log}.{len(self.events)}", "kind": kind},
            *(
                {"kind": kind, "id": str(each.id), "version": each.version, "organization_id": None, "data": each.data}
                for each in found
            ),
            {"complete": complete, "next": None if complete else str(found[-1].id), "refusal": None},
        ]
        return httpx2.Response(200, text="".join(f"{json.dumps(line)}\n" for line in lines))

    def _digest(self, kind: str, first: UUID, last: UUID, parts: int) -> httpx2.Response:
        kept = [each for each in self._kept(kind) if first <= each.id <= last and each.version]
        least, greatest = (kept[0].id, kept[-1].id) if kept else (LEAST, GREATEST)
        width = max((greatest.int - least.int) // parts, 1)
        cuts = [UUID(int=least.int + width * part) for part in range(1, parts)]
        firsts = [first, *(each for each in cuts if first < each <= last)]
        ends = [*(UUID(int=each.int - 1) for each in firsts[1:]), last]
        ranges = [
            (start, end, [(each.id, each.version) for each in kept if start <= each.id <= end])
            for start, end in zip(firsts, ends, strict=True)
        ]
        answer = [
            {"first": str(start), "last": str(end), "count": len(held), "digest": digest_of(held)}
            for start, end, held in ranges
        ]
        return httpx2.Response(200, json={"kind": kind, "cursor": f"{self.log}.{len(self.events)}", "ranges": answer})

    def _kept(self, kind: str) -> list[State]:
        return sorted((each for each in self.states.values() if each.kind == kind), key=lambda each: each.id)

"""Two worlds that differ only in what is hidden give the same answers to every request."""

import json
import re
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from tests.integration.api.conftest import Start, configured, patient
from tests.integration.api.worlds.requests import LAST, READS, REFUSED, Request, requests
from tests.integration.api.worlds.scene import Builder, Fill, Scene, people, shared, within, without
from tests.support.client import Answer, Client
from tests.support.databases import copied

PEER: Final = "192.0.2.99"
FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
ASKING: Final = ("manager", "plain")
UUID_: Final = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME: Final = re.compile(r"202[5-9]-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)")
TRACE: Final = re.compile(r'"trace_id":"[0-9a-f]+"')
SECRETS: Final = re.compile(r'"(access_token|refresh_token|device_token|challenge)":"[^"]+"')
CURSOR: Final = re.compile(r'"(next|next_token)":"([\w-]+)"')
LEFT: Final = re.compile(r";t=\d+")
"""The seconds until a limit lets more through."""
SIGNED: Final = 18
"""Bytes before what a cursor says."""
PASSING: Final = frozenset({"date", "x-request-id", "consistency-token", "server-timing"})
"""Headers that differ from request to request."""
PAGES: Final = 200


@dataclass
class World:
    """A service, and what it has called those things that it made itself."""

    call: Client
    scene: Scene
    names: dict[str, str] = field(default_factory=dict)

    async def send(self, request: Request, who: str, cursor: str | None = None) -> Answer:
        """Send the request, or that for the page behind a cursor."""
        path, body, headers = request.path, request.body, dict(self.scene.headers[who])
        if cursor and body is None:
            path += f"{'&' if '?' in path else '?'}cursor={cursor}"
        elif cursor:
            body = body | {"page": body["page"] | {"token": cursor}}
        if body is None:
            return await self.call(request.method, path, headers=headers)
        if isinstance(body, str):
            return await self.call(request.method, path, body.encode(), headers | FORM)
        return await self.call.send(request.method, path, body, headers=headers)

    def said(self, answer: Answer) -> tuple[int, dict[str, str], str]:
        """Return what was answered, with new ids under names by their order, and without times of today."""
        text = CURSOR.sub(_opened, answer.body.decode())
        for pattern, told in ((TRACE, '"trace_id":"…"'), (SECRETS, r'"\1":"…"'), (TIME, "now")):
            text = pattern.sub(told, text)
        headers = {
            name: LEFT.sub(";t=…", UUID_.sub(self._named, value))
            for name, value in answer.headers.items()
            if name not in PASSING
        }
        written = UUID_.sub(self._named, text)
        # Postgres writes moments as short as they are.
        headers |= {name: str(len(written)) for name in headers if name == "content-length"}
        return answer.status, headers, written

    def _named(self, found: re.Match[str]) -> str:
        known = found[0] in self.scene.known
        return found[0] if known else self.names.setdefault(found[0], f"new-{len(self.names) + 1}")


def _opened(cursor: re.Match[str]) -> str:
    """Return a cursor with its place in clear: what it is signed with has new ids in it."""
    raw = urlsafe_b64decode(cursor[2] + "=" * (-len(cursor[2]) % 4))
    return f'"{cursor[1]}":{json.dumps(raw[SIGNED:].decode())}'


@dataclass
class Worlds:
    """Both worlds, asked the same."""

    one: World
    other: World
    document: dict[str, Any]
    asked: Counter[str] = field(default_factory=Counter)
    done: set[str] = field(default_factory=set)
    """Operations that were not refused every time."""
    differences: list[str] = field(default_factory=list)

    async def ask(self, operation: str, who: str) -> None:
        """Send every request of an operation, to the last page."""
        for request in requests(self.document, operation, self.one.scene):
            worlds = self.one, self.other
            cursors: list[str | None] = [None, None]
            for _ in range(PAGES):
                answers = [await world.send(request, who, at) for world, at in zip(worlds, cursors, strict=True)]
                self.asked[operation] += 1
                said = [world.said(answer) for world, answer in zip(worlds, answers, strict=True)]
                if said[0] != said[1]:
                    self.differences.append(f"{who} {request}\n  {said[0]}\n  {said[1]}")
                    break
                assert answers[0].status < 500, (who, request, answers[0])
                if answers[0].status < 400:
                    self.done.add(operation)
                cursors = [_next(each) for each in answers]
                if not cursors[0]:
                    break
            else:
                pytest.fail(f"{request} has no end")

    def agree(self) -> None:
        """Fail if anything was answered otherwise."""
        assert not self.differences, f"{len(self.differences)} differences:\n" + "\n".join(self.differences[:40])


def _next(answer: Answer) -> str | None:
    body = answer.json() if answer.body and answer.status == 200 else None
    if not isinstance(body, dict):
        return None
    page = body.get("page")
    return body.get("next") if not isinstance(page, dict) else page["next_token"]


@pytest.fixture
async def worlds(
    postgres_url: str, migrated: str, redis_url: str, start: Start, tmp_path: Path
) -> AsyncIterator[Worlds]:
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(copied(postgres_url, migrated, "base"))
        app = patient(configured(tmp_path, database_url=base, redis_url=redis_url))
        async with app.lifespan():
            call = Client(app, peer=PEER)
            document = (await call("GET", "/auth/openapi.json")).json()
            scene = await people(call)
        await _written(base, scene, shared)
        await _let_go(postgres_url, base)
        made = []
        for number, fill in enumerate((within, without)):
            url = await stack.enter_async_context(copied(postgres_url, _name(base), "world"))
            await _written(url, scene, fill)
            call = await start(database_url=url, redis_url=_beside(redis_url, number))
            call.peer = PEER
            made.append(World(call, scene))
        yield Worlds(made[0], made[1], document)


async def _written(url: str, scene: Scene, fill: Fill) -> None:
    connection = await asyncpg.connect(url)
    try:
        await fill(Builder(connection, scene))
    finally:
        await connection.close()


async def _let_go(server: str, url: str) -> None:
    """End the connections that processes which have ended left behind: a template must have none."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", _name(url)
        )
    finally:
        await connection.close()


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def _beside(url: str, number: int) -> str:
    """Return the URL of a Redis database that nothing was counted in yet, one for each world."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{14 + number}"))


@pytest.mark.timeout(600)
async def test_a1_a2_whatever_is_hidden_no_answer_depends_on_it(
    worlds: Worlds, record_property: Callable[[str, object], None]
) -> None:
    operations = {
        each["operationId"]: method for verbs in worlds.document["paths"].values() for method, each in verbs.items()
    }
    last = {"LeaveTeam", *(name for name, _ in LAST)}
    reads = [name for name, method in operations.items() if method == "get" or name in READS]
    deletes = [name for name, method in operations.items() if method == "delete" and name not in last]
    deletes.sort(key={"WithdrawGrant", "DeleteRole"}.__contains__)
    changes = [name for name in operations if name not in {*reads, *deletes, *last}]
    asked: list[tuple[str, tuple[str, ...]]] = [(name, ASKING) for name in (*reads, *changes, *reads)]
    asked += [("LeaveTeam", ("vera",)), *((name, ASKING) for name in (*deletes, *reads)), *LAST]
    for name, callers in asked:
        for who in callers:
            await worlds.ask(name, who)
    worlds.agree()
    record_property("asked", dict(worlds.asked))
    assert {*worlds.asked} == {*operations}
    assert sorted({*operations} - worlds.done) == sorted(REFUSED)


async def test_the_worlds_differ_for_those_who_look_over_walls(worlds: Worlds) -> None:
    for path in ("members", "grants", "resources", f"teams/{worlds.one.scene.id('crew')}/members"):
        asked = Request("", "GET", f"/auth/organizations/{worlds.one.scene.id('organization')}/{path}")
        found = [(await each.send(asked, "owner")).json()["items"] for each in (worlds.one, worlds.other)]
        assert len(found[0]) > len(found[1]) > 0, path

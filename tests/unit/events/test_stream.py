"""Following the log."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from api.server_sent import written
from domain.events.queries import stream_feed
from domain.events.queries.stream_feed import StreamFeed
from domain.events.schemas import Feed, FeedEnd
from domain.kernel.errors import CursorGone, CursorInvalid, Forbidden
from domain.kernel.ids import uuid7
from domain.kernel.tokens import Tokens
from domain.sessions.commands.sign_out import SignOut
from tests.support.app import App
from tests.support.builders.events import renamed
from tests.support.memory.tables import GRANTS

Parts = AsyncGenerator[Feed | FeedEnd, None]


async def opened(app: App, root: Tokens, **asked: str | tuple[str, ...]) -> Parts:
    return (await app.send(StreamFeed(**asked), as_=root)).parts  # type: ignore[arg-type]  # whatever a test asks


async def following(parts: Parts) -> Feed | FeedEnd:
    return await asyncio.wait_for(anext(parts), 10)


def positions(part: Feed | FeedEnd) -> list[int]:
    assert isinstance(part, Feed), part
    return [int(event["sequence"]) for event in part.items]


async def test_it_tells_what_was_and_then_what_comes(app: App) -> None:
    root = await app.administrator()
    await app.log.append(renamed(uuid7(), 1))
    parts = await opened(app, root)
    assert positions(await following(parts)) == [1]
    for expected in (2, 3):
        await app.log.append(renamed(uuid7(), 1))
        assert positions(await following(parts)) == [expected]


async def test_who_comes_again_goes_on_behind_the_last_event(app: App) -> None:
    root = await app.administrator()
    for _ in range(5):
        await app.log.append(renamed(uuid7(), 1))
    log = app.log.log
    assert positions(await following(await opened(app, root, after=f"{log}.1"))) == [2, 3, 4, 5]
    assert positions(await following(await opened(app, root, after=f"{log}.1", last_event_id=f"{log}.3"))) == [4, 5]


async def test_only_what_is_wanted_is_told_and_the_cursor_moves_on(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_feed, "HEARTBEAT", 0.0)
    root = await app.administrator()
    await app.log.append(renamed(uuid7(), 1, "teams.team.moved"))
    parts = await opened(app, root, type=("identity.user.*",))
    silent = await following(parts)
    assert isinstance(silent, Feed)
    assert (silent.items, silent.next) == ([], f"{app.log.log}.1")


@pytest.mark.parametrize("how", ["sign_out", "permission", "log"])
async def test_it_ends_and_says_so_when_nothing_may_follow(app: App, how: str) -> None:
    root = await app.administrator()
    parts = await opened(app, root)
    await following(parts)
    if how == "sign_out":
        await app.send(SignOut(), as_=root)
    elif how == "permission":
        app.memory.table(GRANTS).clear()
    else:
        app.log.log = uuid7()
    await app.log.append(renamed(uuid7(), 1))
    code = {"sign_out": "access.invalid_token", "permission": "access.forbidden", "log": "request.cursor_gone"}[how]
    assert await following(parts) == FeedEnd(code)
    with pytest.raises(StopAsyncIteration):
        await anext(parts)


async def test_who_is_refused_is_so_before_anything_is_sent(app: App) -> None:
    root = await app.administrator()
    with pytest.raises(CursorGone):
        await opened(app, root, after=f"{uuid7()}.0")
    with pytest.raises(CursorInvalid):
        await opened(app, root, last_event_id="1")
    await app.signed_up()
    with pytest.raises(Forbidden):
        await opened(app, await app.signed_in())


async def test_events_are_written_with_their_cursors(app: App) -> None:
    event = {**renamed(uuid7(), 1), "sequence": f"{7:019d}"}
    text = written(Feed([event], f"{app.log.log}.9")).decode()  # type: ignore[list-item]  # the same fields
    first, rest = text.split("\n\n", 1)
    id_, kind, data = first.split("\n")
    assert (id_, kind) == (f"id: {app.log.log}.7", "event: identity.user.renamed")
    assert data.startswith('data: {"specversion":"1.0"')
    assert rest == f":\nid: {app.log.log}.9\n\n"
    assert written(FeedEnd("access.forbidden")) == b'event: end\ndata: {"refusal":"access.forbidden"}\n\n'

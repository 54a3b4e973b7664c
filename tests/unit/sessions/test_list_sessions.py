"""Listing sessions."""

from datetime import timedelta

import pytest

from domain.kernel.access import Origin
from domain.kernel.errors import CursorInvalid, Unauthenticated
from domain.kernel.tokens import Tokens
from domain.sessions.queries.list_sessions import ListSessions
from domain.sessions.schemas import Device
from tests.support.app import App


async def sessions(app: App, number: int) -> list[Tokens]:
    """Sign in so many times, a second apart."""
    made = []
    for _ in range(number):
        app.clock.pass_by(timedelta(seconds=1))
        made.append(await app.signed_in())
    return made


async def test_shows_where_and_how_each_was_started(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in(origin=Origin("192.0.2.1", "Firefox"))

    (shown,) = (await app.send(ListSessions(), as_=mine)).items

    assert (shown.id, shown.address, shown.user_agent, shown.factors) == (
        mine.session_id,
        "192.0.2.1",
        "Firefox",
        ["pwd"],
    )
    assert shown.device == Device("Firefox", None, "other")
    assert shown.created_at == shown.last_seen_at == app.clock.now()
    assert shown.current


async def test_s8_shows_only_ones_own_and_marks_the_one_that_asks(app: App) -> None:
    await app.signed_up()
    await app.signed_up("eve@example.com")
    await app.signed_in("eve@example.com")
    one, two = await sessions(app, 2)

    shown = (await app.send(ListSessions(), as_=one)).items

    assert [(each.id, each.current) for each in shown] == [(two.session_id, False), (one.session_id, True)]


async def test_leaves_out_what_has_run_out(app: App) -> None:
    await app.signed_up()
    await sessions(app, 1)
    app.clock.pass_by(timedelta(days=7))
    (mine,) = await sessions(app, 1)

    assert [each.id for each in (await app.send(ListSessions(), as_=mine)).items] == [mine.session_id]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
async def test_pages_show_each_once_the_newest_first(app: App, limit: int) -> None:
    await app.signed_up()
    made = await sessions(app, 5)
    shown, cursor, pages = [], None, 0
    while cursor or not pages:
        page = await app.send(ListSessions(limit=limit, cursor=cursor), as_=made[0])
        shown += [each.id for each in page.items]
        cursor, pages = page.next, pages + 1

    assert shown == [each.session_id for each in reversed(made)]
    assert pages == -(-5 // limit)


async def test_tells_sessions_of_the_same_moment_apart(app: App) -> None:
    await app.signed_up()
    made = {(await app.signed_in()).session_id for _ in range(3)}
    mine = await app.signed_in()

    first = await app.send(ListSessions(limit=2), as_=mine)
    second = await app.send(ListSessions(limit=2, cursor=first.next), as_=mine)

    assert {each.id for each in (*first.items, *second.items)} == made | {mine.session_id}
    assert second.next is None


async def test_a_cursor_is_of_no_use_to_somebody_else(app: App) -> None:
    await app.signed_up()
    await app.signed_up("eve@example.com")
    eve = await app.signed_in("eve@example.com")
    ada, _ = await sessions(app, 2)
    page = await app.send(ListSessions(limit=1), as_=ada)

    assert page.next
    with pytest.raises(CursorInvalid):
        await app.send(ListSessions(cursor=page.next), as_=eve)


@pytest.mark.parametrize("cursor", ["x", "\u0430", "A" * 100])
async def test_refuses_a_made_up_cursor(app: App, cursor: str) -> None:
    await app.signed_up()

    with pytest.raises(CursorInvalid):
        await app.send(ListSessions(cursor=cursor), as_=await app.signed_in())


async def test_needs_a_session(app: App) -> None:
    with pytest.raises(Unauthenticated):
        await app.send(ListSessions())

"""Listing people."""

from datetime import timedelta
from typing import Any

import pytest

from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.queries.list_users import ListUsers
from domain.kernel.errors import CursorInvalid, Forbidden, Unauthenticated
from domain.kernel.tokens import Tokens
from tests.support.app import App


async def people(app: App, *names: str) -> Tokens:
    """Make an administrator and, each a second later, these people; return the administrator's tokens."""
    root = await app.administrator()
    for name in names:
        app.clock.pass_by(timedelta(seconds=1))
        await app.signed_up(f"{name}@example.com")
    return root


async def shown(app: App, root: Tokens, **wanted: Any) -> list[str]:
    """Return the names of all who are listed, page by page."""
    names: list[str] = []
    cursor = None
    while True:
        page = await app.send(ListUsers(cursor=cursor, **wanted), as_=root)
        names += [each.email.partition("@")[0] for each in page.items]
        if (cursor := page.next) is None:
            return names


@pytest.mark.parametrize("limit", [1, 2, 4, 5])
async def test_pages_show_each_once_the_newest_first(app: App, limit: int) -> None:
    root = await people(app, "ada", "bob", "eve")

    assert await shown(app, root, limit=limit) == ["eve", "bob", "ada", "root"]


async def test_a_page_stays_where_it_was_when_somebody_signs_up(app: App) -> None:
    root = await people(app, "ada", "bob")
    first = await app.send(ListUsers(limit=1), as_=root)
    app.clock.pass_by(timedelta(seconds=1))
    await app.signed_up("new@example.com")

    second = await app.send(ListUsers(limit=1, cursor=first.next), as_=root)

    assert [each.email for each in second.items] == ["ada@example.com"]


@pytest.mark.parametrize(
    ("part", "found"), [("ADA@", ["ada"]), ("example.com", ["bob", "ada", "root"]), ("%", []), ("_da", []), ("z", [])]
)
async def test_finds_part_of_an_address_as_it_is(app: App, part: str, found: list[str]) -> None:
    root = await people(app, "ada", "bob")

    assert await shown(app, root, email=part) == found


async def test_tells_the_active_from_the_others(app: App) -> None:
    root = await people(app, "ada", "bob")
    ada = (await app.send(ListUsers(email="ada"), as_=root)).items[0]
    await app.send(DeactivateUser(user_id=ada.id), as_=root)

    assert await shown(app, root, is_active=False) == ["ada"]
    assert await shown(app, root, is_active=True) == ["bob", "root"]


@pytest.mark.parametrize("other", [{"email": "a"}, {"is_active": True}, {"is_active": False}])
async def test_a_cursor_is_of_no_use_for_another_list(app: App, other: dict[str, Any]) -> None:
    root = await people(app, "ada", "bob")
    page = await app.send(ListUsers(limit=1), as_=root)

    assert page.next
    with pytest.raises(CursorInvalid):
        await app.send(ListUsers(cursor=page.next, **other), as_=root)


async def test_refuses_a_made_up_cursor(app: App) -> None:
    root = await people(app, "ada")

    with pytest.raises(CursorInvalid):
        await app.send(ListUsers(cursor="made up"), as_=root)


async def test_is_for_administrators_only(app: App) -> None:
    await people(app, "ada")

    with pytest.raises(Forbidden):
        await app.send(ListUsers(), as_=await app.signed_in())
    with pytest.raises(Unauthenticated):
        await app.send(ListUsers())

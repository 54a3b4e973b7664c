"""What those who verify tokens are told."""

import asyncio

import pytest

from core.pipeline import Call
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.kernel.errors import CursorGone, CursorInvalid, Forbidden, Unauthenticated
from domain.kernel.ids import uuid7
from domain.kernel.tokens import Tokens
from domain.sessions.commands.sign_out import SignOut
from domain.sessions.queries.introspect_token import IntrospectToken
from domain.sessions.queries.read_public_revocations import ReadPublicRevocations
from domain.sessions.queries.read_revocations import ReadRevocations
from tests.support.app import App

LOG = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
async def root(app: App) -> Tokens:
    return await app.administrator()


async def test_tells_everything_first_and_then_what_is_new(app: App, root: Tokens) -> None:
    await app.signed_up()
    await app.send(SignOut(), as_=(one := await app.signed_in()))

    live = await app.send(ReadRevocations(), as_=root)
    assert [(each.scope, each.id) for each in live.markers] == [("session", str(one.session_id))]
    assert (await app.send(ReadRevocations(after=live.next), as_=root)).markers == []

    await app.send(SignOut(), as_=(other := await app.signed_in()))
    then = await app.send(ReadRevocations(after=live.next), as_=root)
    assert [each.id for each in then.markers] == [str(other.session_id)]
    assert (await app.send(ReadRevocations(after=then.next), as_=root)).markers == []


async def test_a_deactivated_person_is_told_by_epoch(app: App, root: Tokens) -> None:
    ada = await app.signed_up()
    await app.send(DeactivateUser(user_id=ada.id), as_=root)
    (marker,) = (await app.send(ReadRevocations(), as_=root)).markers
    assert (marker.scope, marker.id, marker.epoch, marker.cutoff) == ("user", str(ada.id), 2, None)


async def test_an_empty_answer_is_held_back_until_there_is_something_to_say(app: App, root: Tokens) -> None:
    await app.signed_up()
    ada = await app.signed_in()
    start = await app.send(ReadRevocations(), as_=root)
    waiting = asyncio.create_task(app.dispatch(ReadPublicRevocations(after=start.next, wait=10), Call()))
    await app.revocations.awaited.wait()
    await app.send(SignOut(), as_=ada)
    async with asyncio.timeout(10):
        found = (await waiting).result
    assert [each.id for each in found.markers] == [str(ada.session_id)]


async def test_a_heartbeat_comes_when_there_is_nothing_to_say(app: App, root: Tokens) -> None:
    start = await app.send(ReadRevocations(), as_=root)
    async with asyncio.timeout(10):
        found = await app.send(ReadRevocations(after=start.next, wait=0.05), as_=root)
    assert (found.markers, found.next) == ([], start.next)


async def test_what_has_no_position_yet_is_told_once_and_once_more_when_it_has(app: App, root: Tokens) -> None:
    await app.signed_up()
    start = await app.send(ReadRevocations(), as_=root)
    ada = await app.signed_in()
    before = len(app.facts)
    await app.send(SignOut(), as_=ada)
    app.revocations.unnumbered = len(app.facts) - before

    first = await app.send(ReadRevocations(after=start.next), as_=root)
    assert [each.id for each in first.markers] == [str(ada.session_id)]
    assert (await app.send(ReadRevocations(after=first.next), as_=root)).markers == []
    app.revocations.unnumbered = 0
    again = await app.send(ReadRevocations(after=first.next), as_=root)
    assert again.markers == first.markers
    assert (await app.send(ReadRevocations(after=again.next), as_=root)).markers == []


@pytest.mark.parametrize(
    "cursor", ["", "x", f"{LOG}", f"{LOG}.1", f"{LOG}.-1.0", f"{LOG}.01.0", f"{LOG}.{2**63}.0",
               f"{LOG}.1.xyz", f"{LOG}.1.0\n"]
)  # fmt: skip
async def test_refuses_a_cursor_that_is_none(app: App, root: Tokens, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        await app.send(ReadRevocations(after=cursor), as_=root)


async def test_refuses_a_cursor_from_the_future_and_one_of_another_log(app: App, root: Tokens) -> None:
    log = app.revocations.log
    with pytest.raises(CursorInvalid):
        await app.send(ReadRevocations(after=f"{log}.{2**62}.0"), as_=root)
    start = await app.send(ReadRevocations(), as_=root)
    app.revocations.log = uuid7()
    with pytest.raises(CursorGone):
        await app.send(ReadRevocations(after=start.next), as_=root)


async def test_whoever_may_not_hear_of_it_does_not(app: App) -> None:
    await app.signed_up()
    ada = await app.signed_in()
    for message in (ReadRevocations(), IntrospectToken(token=ada.access_token)):
        with pytest.raises(Unauthenticated):
            await app.send(message)
        with pytest.raises(Forbidden):
            await app.send(message, as_=ada)
    assert (await app.send(ReadPublicRevocations())).markers == []


async def test_who_signs_out_while_waiting_is_refused(app: App, root: Tokens) -> None:
    start = await app.send(ReadRevocations(), as_=root)
    waiting = asyncio.create_task(app.send(ReadRevocations(after=start.next, wait=10), as_=root))
    await app.revocations.awaited.wait()
    await app.send(SignOut(), as_=root)
    with pytest.raises(Unauthenticated):
        await waiting


async def test_t9_says_what_a_good_token_says_and_nothing_of_others(app: App, root: Tokens) -> None:
    person = await app.signed_up()
    ada = await app.signed_in()
    found = (await app.send(IntrospectToken(token=ada.access_token), as_=root)).token
    assert found is not None
    assert (found.user_id, found.session_id) == (person.id, ada.session_id)

    await app.send(SignOut(), as_=ada)
    for token in (ada.access_token, ada.refresh_token, "", "garbage", "a b c"):
        assert (await app.send(IntrospectToken(token=token), as_=root)).token is None

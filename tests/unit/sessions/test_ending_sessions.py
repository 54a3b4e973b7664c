"""Signing out, and ending other sessions."""

from datetime import timedelta

import pytest

from domain.identity.errors import UserNotFound
from domain.kernel.errors import Forbidden, InvalidToken, Unauthenticated
from domain.kernel.ids import SessionId, UserId, uuid7
from domain.kernel.revocation import SLACK, RevocationScope
from domain.sessions.commands.refresh_session import RefreshSession
from domain.sessions.commands.revoke_session import RevokeSession
from domain.sessions.commands.revoke_sessions import RevokeSessions
from domain.sessions.commands.revoke_user_sessions import RevokeUserSessions
from domain.sessions.commands.sign_out import SignOut
from domain.sessions.errors import RefreshRefused, SessionNotFound
from domain.sessions.queries.list_sessions import ListSessions
from tests.support.app import App


def revoked(app: App) -> list[tuple[object, str]]:
    """Return which sessions were announced to have ended, and why."""
    facts = [fact for fact in app.facts if fact.type == "sessions.session.revoked"]
    return [(fact.aggregate_id, fact.data["reason"]) for fact in facts]


async def test_signing_out_ends_the_session_that_asks(app: App) -> None:
    await app.signed_up()
    mine, other = await app.signed_in(), await app.signed_in()

    await app.send(SignOut(), as_=mine)

    assert revoked(app) == [(mine.session_id, "sign_out")]
    assert list(app.memory.revocations) == [(RevocationScope.SESSION, str(mine.session_id))]
    assert app.audited[-1] == ("sessions.session.sign_out", "done")
    with pytest.raises(InvalidToken):
        await app.send(SignOut(), as_=mine)
    assert await app.send(ListSessions(), as_=other)


async def test_a_marker_outlives_every_token_of_its_session(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in()

    await app.send(SignOut(), as_=mine)

    (marker,) = app.memory.revocations.values()
    assert marker.cutoff
    assert marker.cutoff >= app.clock.now()
    assert marker.expires_at >= app.clock.now() + timedelta(seconds=mine.expires_in) + SLACK


@pytest.mark.parametrize("message", [SignOut(), RevokeSessions(), RevokeSession(session_id=SessionId(uuid7()))])
async def test_ending_needs_a_session(app: App, message: SignOut) -> None:
    with pytest.raises(Unauthenticated):
        await app.send(message)

    assert not app.audited


async def test_ends_one_of_ones_own_sessions(app: App) -> None:
    await app.signed_up()
    mine, other = await app.signed_in(), await app.signed_in()

    await app.send(RevokeSession(session_id=other.session_id), as_=mine)

    assert revoked(app) == [(other.session_id, "revoked")]
    assert [each.id for each in (await app.send(ListSessions(), as_=mine)).items] == [mine.session_id]
    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=other.refresh_token))


async def test_does_not_find_the_session_of_somebody_else(app: App) -> None:
    await app.signed_up()
    await app.signed_up("eve@example.com")
    ada, eve = await app.signed_in(), await app.signed_in("eve@example.com")

    with pytest.raises(SessionNotFound) as theirs:
        await app.send(RevokeSession(session_id=ada.session_id), as_=eve)
    with pytest.raises(SessionNotFound) as nobodys:
        await app.send(RevokeSession(session_id=SessionId(uuid7())), as_=eve)

    assert str(theirs.value) == str(nobodys.value)
    assert not revoked(app)
    assert app.audited[-1] == ("sessions.session.revoke", "sessions.session_not_found")
    assert await app.send(RefreshSession(refresh_token=ada.refresh_token))


async def test_does_not_find_a_session_that_has_ended(app: App) -> None:
    await app.signed_up()
    mine, other = await app.signed_in(), await app.signed_in()
    await app.send(RevokeSession(session_id=other.session_id), as_=mine)

    with pytest.raises(SessionNotFound):
        await app.send(RevokeSession(session_id=other.session_id), as_=mine)


async def test_ends_all_others_of_ones_own(app: App) -> None:
    await app.signed_up()
    await app.signed_up("eve@example.com")
    eve = await app.signed_in("eve@example.com")
    mine, one, two = await app.signed_in(), await app.signed_in(), await app.signed_in()

    await app.send(RevokeSessions(), as_=mine)

    assert {session for session, _ in revoked(app)} == {one.session_id, two.session_id}
    assert len(app.memory.revocations) == 2
    assert app.audited[-1] == ("sessions.session.revoke_many", "done")
    assert await app.send(ListSessions(), as_=eve)
    assert await app.send(ListSessions(), as_=mine)


async def test_announces_nothing_when_there_is_no_other(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in()

    await app.send(RevokeSessions(), as_=mine)

    assert not revoked(app)


async def test_leaves_alone_what_ran_out_long_ago(app: App) -> None:
    await app.signed_up()
    await app.signed_in()
    app.clock.pass_by(timedelta(days=8))
    mine = await app.signed_in()

    await app.send(RevokeSessions(), as_=mine)

    assert not revoked(app)


async def test_ends_what_ran_out_while_its_last_access_token_lives(app: App) -> None:
    await app.signed_up()
    old = await app.signed_in()
    app.clock.pass_by(timedelta(days=7, minutes=10))
    mine = await app.signed_in()

    await app.send(RevokeSessions(), as_=mine)

    assert revoked(app) == [(old.session_id, "revoked")]


async def test_ends_all_of_ones_own_and_the_one_that_asks(app: App) -> None:
    await app.signed_up()
    await app.signed_up("eve@example.com")
    eve = await app.signed_in("eve@example.com")
    mine, other = await app.signed_in(), await app.signed_in()

    await app.send(RevokeSessions(all=True), as_=mine)

    assert {session for session, _ in revoked(app)} == {mine.session_id, other.session_id}
    for each in (mine, other):
        with pytest.raises(InvalidToken):
            await app.send(ListSessions(), as_=each)
    assert await app.send(ListSessions(), as_=eve)


async def test_administrators_end_all_sessions_of_a_person(app: App) -> None:
    root, ada = await app.administrator(), await app.signed_up()
    one, two = await app.signed_in(), await app.signed_in()

    await app.send(RevokeUserSessions(user_id=ada.id), as_=root)

    assert set(revoked(app)) == {(one.session_id, "administrator"), (two.session_id, "administrator")}
    assert app.audited[-1] == ("sessions.session.revoke_of_user", "done")
    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=one.refresh_token))
    assert await app.send(ListSessions(), as_=await app.signed_in())
    assert await app.send(ListSessions(), as_=root)


async def test_s8_nobody_else_ends_the_sessions_of_a_person(app: App) -> None:
    ada = await app.signed_up()
    mine = await app.signed_in()
    await app.signed_up("eve@example.com")

    with pytest.raises(Forbidden):
        await app.send(RevokeUserSessions(user_id=ada.id), as_=await app.signed_in("eve@example.com"))

    assert await app.send(ListSessions(), as_=mine)


async def test_a_person_who_does_not_exist_has_no_sessions_to_end(app: App) -> None:
    with pytest.raises(UserNotFound):
        await app.send(RevokeUserSessions(user_id=UserId(uuid7())), as_=await app.administrator())

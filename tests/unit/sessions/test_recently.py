"""What takes a proof of who somebody is that is not too old."""

from datetime import timedelta

import pytest

from core.recency import Recency
from domain.kernel.access import SIGNED_IN, Access, Actor, Permission, needs, recently
from domain.kernel.errors import Forbidden, ReauthenticationRequired, Unauthenticated
from domain.kernel.ids import SessionId, UserId, uuid7
from domain.kernel.usecases import use_cases
from domain.sessions.commands.refresh_session import RefreshSession
from domain.sessions.commands.revoke_session import RevokeSession
from domain.sessions.commands.revoke_sessions import RevokeSessions
from domain.sessions.commands.sign_out import SignOut
from domain.sessions.queries.list_sessions import ListSessions
from tests.support.app import App

ALMOST, PAST = timedelta(minutes=15), timedelta(minutes=15, seconds=1)


def test_it_is_asked_beside_whatever_else_is() -> None:
    assert recently(SIGNED_IN) == Access(recent=True)
    asked = recently(needs(Permission.MEMBERS_WRITE, within="organization_id"))
    assert (asked.permission, asked.within, asked.recent) == (Permission.MEMBERS_WRITE, "organization_id", True)


def test_s8_those_that_ask_for_it_are_known() -> None:
    assert {case.name for case in use_cases() if case.access.recent} == {
        *("DeleteMe", "ExportMe", "RevokeSession", "RevokeSessions"),
    }


@pytest.mark.parametrize("every", [False, True])
async def test_s8_others_are_ended_by_those_who_signed_in_lately(app: App, every: bool) -> None:  # noqa: FBT001
    await app.signed_up()
    mine = await app.signed_in()
    app.clock.pass_by(PAST)
    other = await app.signed_in()

    for command in (RevokeSessions(all=every), RevokeSession(session_id=other.session_id)):
        with pytest.raises(ReauthenticationRequired) as refusal:
            await app.send(command, as_=mine)
        assert refusal.value.max_age == 900
    assert len((await app.send(ListSessions(), as_=mine)).items) == 2

    await app.send(RevokeSessions(), as_=other)
    assert [each.id for each in (await app.send(ListSessions(), as_=other)).items] == [other.session_id]


async def test_the_last_second_counts(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in()
    app.clock.pass_by(ALMOST)

    await app.send(RevokeSessions(), as_=mine)


async def test_refreshing_is_no_new_proof(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in()
    app.clock.pass_by(PAST)
    refreshed = await app.send(RefreshSession(refresh_token=mine.refresh_token))

    with pytest.raises(ReauthenticationRequired):
        await app.send(RevokeSessions(), as_=refreshed)


async def test_signing_out_asks_for_nothing(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in()
    app.clock.pass_by(PAST)

    await app.send(SignOut(), as_=mine)


def test_whoever_proved_nothing_is_refused_and_the_question_can_be_turned_off() -> None:
    actor = Actor(UserId(uuid7()), SessionId(uuid7()), None, 1)

    with pytest.raises(ReauthenticationRequired):
        Recency().check(actor)
    Recency(0).check(actor)


def test_it_is_no_permission_that_is_lacking() -> None:
    assert issubclass(ReauthenticationRequired, Unauthenticated)
    assert not issubclass(ReauthenticationRequired, Forbidden)

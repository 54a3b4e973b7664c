"""Refreshing tokens."""

from datetime import timedelta

import pytest

from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.commands.reactivate_user import ReactivateUser
from domain.kernel.access import Origin
from domain.kernel.errors import TooManyRequests
from domain.kernel.revocation import RevocationScope
from domain.sessions.commands.refresh_session import RefreshSession
from domain.sessions.commands.sign_out import SignOut
from domain.sessions.errors import RefreshRefused, RefreshTokenReused
from domain.sessions.models import Lifetimes
from domain.sessions.policies import TokenPolicy
from domain.sessions.queries.list_sessions import ListSessions
from tests.support.app import App

GRACE = timedelta(seconds=30)
REFUSED = ("sessions.session.refresh", "sessions.refresh_refused")


async def test_returns_new_tokens_of_the_same_session(app: App) -> None:
    await app.signed_up()
    first = await app.signed_in()
    app.clock.pass_by(timedelta(days=1))

    second = await app.send(RefreshSession(refresh_token=first.refresh_token))

    assert second.session_id == first.session_id
    assert second.refresh_token != first.refresh_token
    assert (second.expires_in, second.refresh_expires_in) == (900, 6 * 24 * 3600)
    assert (await app.send(ListSessions(), as_=second)).items[0].last_seen_at == app.clock.now()


async def test_says_nothing_when_it_works(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in()
    facts, audited = list(app.facts), list(app.audited)

    await app.send(RefreshSession(refresh_token=tokens.refresh_token))

    assert (app.facts, app.audited) == (facts, audited)


async def test_returns_the_live_token_to_whoever_lost_the_answer(app: App) -> None:
    await app.signed_up()
    first = await app.signed_in()
    second = await app.send(RefreshSession(refresh_token=first.refresh_token))
    app.clock.pass_by(GRACE - timedelta(seconds=1))

    again = await app.send(RefreshSession(refresh_token=first.refresh_token))

    assert again.refresh_token == second.refresh_token
    assert await app.send(RefreshSession(refresh_token=again.refresh_token))


async def test_ends_the_session_when_a_spent_token_comes_late(app: App) -> None:
    await app.signed_up()
    first = await app.signed_in()
    second = await app.send(RefreshSession(refresh_token=first.refresh_token))
    app.clock.pass_by(GRACE)

    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=first.refresh_token))

    fact = app.facts[-1]
    assert (fact.type, fact.aggregate_id, fact.aggregate_version) == ("sessions.session.revoked", first.session_id, 2)
    assert fact.data["reason"] == "refresh_token_reuse"
    assert app.audited[-1] == REFUSED
    marker = app.memory.revocations[RevocationScope.SESSION, str(first.session_id)]
    assert marker.cutoff is not None
    assert marker.cutoff > app.clock.now()
    assert fact.revokes is not None
    assert fact.revokes[0]["id"] == str(first.session_id)
    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=second.refresh_token))


async def test_announces_and_notes_a_theft_once(app: App) -> None:
    await app.signed_up()
    first = await app.signed_in()
    await app.send(RefreshSession(refresh_token=first.refresh_token))
    app.clock.pass_by(GRACE)
    for _ in range(2):
        with pytest.raises(RefreshRefused):
            await app.send(RefreshSession(refresh_token=first.refresh_token))

    assert [fact.type for fact in app.facts].count("sessions.session.revoked") == 1
    (mail,) = [job.payload for job in app.memory.jobs if job.payload.get("mail") == "session_ended"]
    assert mail["to"] == "ada@example.com"
    assert app.audited.count(REFUSED) == 1


async def test_leaves_other_sessions_of_the_person_alone(app: App) -> None:
    await app.signed_up()
    stolen, other = await app.signed_in(), await app.signed_in()
    await app.send(RefreshSession(refresh_token=stolen.refresh_token))
    app.clock.pass_by(GRACE)
    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=stolen.refresh_token))

    assert await app.send(RefreshSession(refresh_token=other.refresh_token))


@pytest.mark.parametrize("made_up", ["gwr_", "gwr_" + "A" * 78, "x" * 82, "\u0430" * 82])
async def test_refuses_what_it_never_made_and_keeps_nothing_of_it(app: App, made_up: str) -> None:
    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=made_up))

    assert app.audited == []


def test_says_no_more_of_a_reuse() -> None:
    assert (RefreshTokenReused.code, RefreshTokenReused.__doc__) == (RefreshRefused.code, RefreshRefused.__doc__)


async def test_refuses_a_token_that_was_changed(app: App) -> None:
    await app.signed_up()
    token = (await app.signed_in()).refresh_token

    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=token[:-2] + ("AA" if token[-2:] != "AA" else "BA")))


async def test_refuses_after_signing_out(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in()
    await app.send(SignOut(), as_=tokens)
    audited = list(app.audited)

    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=tokens.refresh_token))

    assert app.audited == audited, "whoever has a dead token could fill the trail"


async def test_refuses_an_expired_session_however_often_it_was_refreshed(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in()
    app.clock.pass_by(timedelta(days=6))
    tokens = await app.send(RefreshSession(refresh_token=tokens.refresh_token))
    app.clock.pass_by(timedelta(days=1))

    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=tokens.refresh_token))


async def test_refuses_the_deactivated_and_stays_refused_when_they_come_back(app: App) -> None:
    root = await app.administrator()
    user = await app.signed_up()
    tokens = await app.signed_in()
    await app.send(DeactivateUser(user_id=user.id), as_=root)

    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=tokens.refresh_token))
    await app.send(ReactivateUser(user_id=user.id), as_=root)
    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=tokens.refresh_token))


async def test_s6_an_idle_session_ends_and_says_when() -> None:
    app = App(lifetimes=Lifetimes(idle=timedelta(hours=1)))
    await app.signed_up()
    first = await app.signed_in()
    app.clock.pass_by(timedelta(minutes=59))
    second = await app.send(RefreshSession(refresh_token=first.refresh_token))
    facts = list(app.facts)
    app.clock.pass_by(timedelta(hours=1))

    assert first.refresh_expires_in == second.refresh_expires_in == 3600
    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=second.refresh_token))
    assert app.facts == facts


async def test_s6_within_the_grace_no_access_token_outlives_an_idle_session() -> None:
    app = App(lifetimes=Lifetimes(idle=timedelta(minutes=15)))
    await app.signed_up()
    first = await app.signed_in()
    await app.send(RefreshSession(refresh_token=first.refresh_token))
    app.clock.pass_by(timedelta(seconds=20))
    again = await app.send(RefreshSession(refresh_token=first.refresh_token))

    assert (again.expires_in, again.refresh_expires_in) == (880, 880)


async def test_s6_no_refresh_moves_the_end_of_a_session() -> None:
    app = App(lifetimes=Lifetimes(refresh=timedelta(minutes=90), idle=timedelta(hours=1)))
    await app.signed_up()
    tokens = await app.signed_in()
    app.clock.pass_by(timedelta(minutes=50))
    tokens = await app.send(RefreshSession(refresh_token=tokens.refresh_token))
    assert tokens.refresh_expires_in == 40 * 60
    app.clock.pass_by(timedelta(minutes=30))
    last = await app.send(RefreshSession(refresh_token=tokens.refresh_token))
    assert (last.expires_in, last.refresh_expires_in) == (600, 600)
    app.clock.pass_by(timedelta(minutes=10))

    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=tokens.refresh_token))


async def test_i12_made_up_tokens_take_nothing_from_those_of_others_behind_the_same_address() -> None:
    app = App(tokens=TokenPolicy(refreshes_per_minute=1))
    await app.signed_up()
    here = Origin("192.0.2.1")
    first, second = await app.signed_in(origin=here), await app.signed_in(origin=here)
    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token="gwr_" + "A" * 78), origin=here)
    with pytest.raises(TooManyRequests):
        await app.send(RefreshSession(refresh_token="gwr_" + "B" * 78), origin=here)

    for each in (first, second):
        assert await app.send(RefreshSession(refresh_token=each.refresh_token), origin=here)


async def test_i12_a_session_is_refreshed_so_often_a_minute_and_loses_no_token() -> None:
    app = App(tokens=TokenPolicy(refreshes_per_minute=1))
    await app.signed_up()
    first = await app.signed_in()
    here = Origin("192.0.2.1")
    second = await app.send(RefreshSession(refresh_token=first.refresh_token), origin=here)

    with pytest.raises(TooManyRequests):
        await app.send(RefreshSession(refresh_token=second.refresh_token), origin=here)
    app.clock.pass_by(timedelta(minutes=1))
    third = await app.send(RefreshSession(refresh_token=second.refresh_token), origin=here)
    assert third.refresh_token not in (first.refresh_token, second.refresh_token)

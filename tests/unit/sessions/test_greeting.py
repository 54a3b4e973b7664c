"""People hear of sign-ins on devices that they have not used before."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.identity.commands.create_user import CreateUser
from domain.kernel.access import Origin
from domain.kernel.mails import NewDeviceMail
from domain.sessions.commands.dev_sign_in import DevSignIn
from domain.sessions.errors import SignInRefused
from domain.sessions.greeting import FRESH, MAILS, GreetingPolicy
from tests.support.app import PASSWORD, App
from tests.support.attempts import HERE, THERE, fail

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def greetings(app: App) -> list[str]:
    mails = [job.payload for job in app.memory.jobs if job.name == "send_mail"]
    return [mail["text"] for mail in mails if mail["mail"] == NewDeviceMail.name]


async def test_a_new_device_is_told_of_and_the_first_is_not(app: App) -> None:
    await app.signed_up()
    await app.signed_in(origin=HERE)
    assert greetings(app) == []

    await app.signed_in(origin=Origin("198.51.100.7", FIREFOX))

    (text,) = greetings(app)
    assert "Firefox on Linux" in text
    assert "198.51.100.7" in text


async def test_somebody_who_was_away_until_nothing_is_known_of_them_is_told(app: App) -> None:
    await app.signed_up()
    await app.signed_in(origin=HERE)
    app.clock.pass_by(timedelta(days=90))
    sessions = app.memory.table("sessions")
    for session_id in [*sessions]:
        del sessions[session_id]  # as the job that recurs does

    await app.signed_in(origin=THERE)
    await app.signed_in(origin=THERE)

    assert len(greetings(app)) == 1


async def test_somebody_whose_account_was_made_by_others_long_ago_is_told(app: App) -> None:
    root = await app.administrator()
    imported = CreateUser(email="ada@example.com", password_hash=f"theirs:{PASSWORD}")
    await app.send(imported, as_=root)
    app.clock.pass_by(FRESH)

    await app.signed_in(origin=HERE)

    assert len(greetings(app)) == 1


async def test_the_first_sign_in_after_an_account_was_made_is_not_told_of(app: App) -> None:
    await app.signed_up()
    app.clock.pass_by(FRESH - timedelta(seconds=1))

    await app.signed_in(origin=HERE)

    assert greetings(app) == []


async def test_what_is_known_is_not_told_of(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in(origin=HERE)

    await app.signed_in(origin=HERE)
    await app.signed_in(origin=replace(HERE, address="192.0.2.77"))
    await app.signed_in(origin=replace(THERE, device_token=tokens.device_token))
    await app.send(DevSignIn(email="ada@example.com"), origin=Origin("203.0.113.1"))

    assert greetings(app) == []


async def test_p10_nobody_hears_of_those_who_do_not_get_in(app: App) -> None:
    await app.signed_up()
    await app.signed_in(origin=HERE)
    await fail(app, 3, THERE)

    assert greetings(app) == []


async def test_i12_whoever_moves_about_is_not_told_for_ever(app: App) -> None:
    await app.signed_up()
    for number in range(MAILS + 3):
        await app.signed_in(origin=Origin(f"203.0.{number}.1", "curl/8"))

    assert len(greetings(app)) == MAILS


async def test_it_can_be_switched_off() -> None:
    app = App(greeting=GreetingPolicy(tells=False))
    await app.signed_up()
    await app.signed_in(origin=HERE)
    await app.signed_in(origin=THERE)

    assert greetings(app) == []


async def test_the_device_of_another_is_new(app: App) -> None:
    await app.signed_up("eve@example.com")
    eve = await app.signed_in("eve@example.com", origin=THERE)
    await app.signed_up()
    await app.signed_in(origin=HERE)

    await app.signed_in(origin=replace(THERE, device_token=eve.device_token))

    assert len(greetings(app)) == 1


async def test_s10_what_a_client_calls_itself_breaks_no_mail(app: App) -> None:
    await app.signed_up()
    await app.signed_in(origin=HERE)
    with pytest.raises(SignInRefused):
        await app.signed_in("nobody@example.com", origin=THERE)

    await app.signed_in(origin=Origin("198.51.100.7", "<script>alert(1)</script>\r\nBcc: all@example.com"))

    (text,) = greetings(app)
    assert "script" not in text
    assert "Bcc" not in text

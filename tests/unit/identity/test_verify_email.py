"""Verifying one's e-mail address."""

from datetime import timedelta

import pytest

from domain.identity.commands.forgot_password import ForgotPassword
from domain.identity.commands.request_email_verification import RequestEmailVerification
from domain.identity.commands.reset_password import ResetPassword
from domain.identity.commands.verify_email import VerifyEmail
from domain.identity.errors import LinkRefused
from domain.identity.mailing import LinkPolicy
from domain.kernel.access import Origin
from domain.kernel.errors import TooManyRequests, Unauthenticated
from tests.support.app import App
from tests.support.memory.identity import LINKS, USERS


async def asked(app: App) -> str:
    """Return the token that was mailed to somebody new."""
    await app.signed_up()
    await app.send(RequestEmailVerification(), as_=await app.signed_in())
    return app.mailed()


async def test_the_mailed_token_verifies_the_address_once(app: App) -> None:
    token = await asked(app)

    await app.send(VerifyEmail(token=token))

    assert [each.email_verified for each in app.memory.table(USERS).values()] == [True]
    assert app.facts[-1].type == "identity.user.updated"
    with pytest.raises(LinkRefused):
        await app.send(VerifyEmail(token=token))


async def test_a_token_works_for_a_day(app: App) -> None:
    token = await asked(app)
    app.clock.pass_by(timedelta(days=1))

    with pytest.raises(LinkRefused):
        await app.send(VerifyEmail(token=token))


async def test_a_token_is_void_once_the_address_is_another(app: App) -> None:
    token = await asked(app)
    (user,) = app.memory.table(USERS).values()
    user.email = "lovelace@example.com"

    with pytest.raises(LinkRefused):
        await app.send(VerifyEmail(token=token))


async def test_mails_nothing_if_it_is_verified(app: App) -> None:
    await app.send(VerifyEmail(token=await asked(app)))
    queued = len(app.memory.jobs)

    await app.send(RequestEmailVerification(), as_=await app.signed_in())

    assert len(app.memory.jobs) == queued


async def test_t3_t11_is_no_reset_nor_the_other_way_round_and_is_kept_as_a_hash(app: App) -> None:
    token = await asked(app)
    await app.send(ForgotPassword(email="ada@example.com"))
    await app.mail_resets()
    reset = app.mailed()

    assert token.startswith("gwv_")
    assert token not in repr(app.memory.table(LINKS))
    with pytest.raises(LinkRefused):
        await app.send(VerifyEmail(token=reset))
    with pytest.raises(LinkRefused):
        await app.send(ResetPassword(token=token, password="an entirely new password"))


async def test_i12_limits_mails_and_attempts() -> None:
    app = App(links=LinkPolicy(per_hour=1, attempts_per_minute=1))
    token = await asked(app)
    with pytest.raises(TooManyRequests):
        await app.send(RequestEmailVerification(), as_=await app.signed_in())

    await app.send(VerifyEmail(token=token), origin=Origin("192.0.2.1"))
    with pytest.raises(TooManyRequests):
        await app.send(VerifyEmail(token=token), origin=Origin("192.0.2.1"))


async def test_needs_a_session(app: App) -> None:
    with pytest.raises(Unauthenticated):
        await app.send(RequestEmailVerification())

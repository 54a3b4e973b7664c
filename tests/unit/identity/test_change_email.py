"""Changing one's e-mail address."""

from datetime import timedelta

import pytest

from domain.identity.commands.change_email import ChangeEmail
from domain.identity.commands.change_password import ChangePassword
from domain.identity.commands.forgot_password import ForgotPassword
from domain.identity.commands.request_email_change import RequestEmailChange
from domain.identity.commands.reset_password import ResetPassword
from domain.identity.commands.verify_email import VerifyEmail
from domain.identity.errors import EmailInvalid, LinkRefused, PasswordWrong
from domain.identity.mailing import LinkPolicy
from domain.identity.queries.get_me import GetMe
from domain.identity.verification import FAILURES
from domain.kernel.access import Origin
from domain.kernel.errors import TooManyRequests, Unauthenticated
from domain.kernel.tokens import Tokens
from domain.sessions.errors import SignInRefused
from tests.support.app import PASSWORD, App
from tests.support.attempts import HERE, THERE, fail
from tests.support.memory.identity import FAILURES as COUNTED
from tests.support.memory.identity import LINKS

ADA = "ada@example.com"
NEW = "lovelace@example.com"
ASK = RequestEmailChange(email="Lovelace@Example.com", password=PASSWORD)


def mails(app: App) -> list[tuple[str, str]]:
    """Return who was mailed what."""
    return [(job.payload["to"], job.payload["mail"]) for job in app.memory.jobs if job.name == "send_mail"]


async def asked(app: App) -> tuple[Tokens, str]:
    """Return somebody's tokens, and the token that was mailed to their new address."""
    await app.signed_up()
    mine = await app.signed_in()
    await app.send(ASK, as_=mine)
    return mine, app.mailed(NEW)


async def test_the_address_changes_when_the_token_of_the_new_one_comes(app: App) -> None:
    mine, token = await asked(app)
    assert (await app.send(GetMe(), as_=mine)).email == ADA

    await app.send(ChangeEmail(token=token))
    assert app.audited[-1] == ("identity.user.change_email", "done")

    me = await app.send(GetMe(), as_=mine)
    assert (me.email, me.email_verified) == (NEW, True)
    assert (app.facts[-1].type, app.facts[-1].aggregate_id) == ("identity.user.updated", me.id)
    assert (await app.signed_in(NEW)).access_token
    with pytest.raises(SignInRefused):
        await app.signed_in(ADA)
    with pytest.raises(LinkRefused):
        await app.send(ChangeEmail(token=token))


async def test_p11_the_old_address_is_told_when_it_is_asked_and_when_it_is_done(app: App) -> None:
    _, token = await asked(app)
    assert mails(app) == [(NEW, "email_change"), (ADA, "email_change_asked")]

    await app.send(ChangeEmail(token=token))

    assert mails(app)[2:] == [(ADA, "email_changed")]


async def test_p7_a_taken_address_is_answered_alike_and_told_to_its_owner_only(app: App) -> None:
    await app.signed_up(NEW)
    await app.signed_up()
    app.memory.jobs.clear()
    before = len(app.memory.table(LINKS))

    answer = await app.answer(ASK, as_=await app.signed_in())

    assert answer.result is None
    assert mails(app) == [(NEW, "email_change_vain"), (ADA, "email_change_asked")]
    assert "gwc_" not in str(app.memory.jobs)
    assert len(app.memory.table(LINKS)) == before + 1


async def test_an_address_that_was_taken_meanwhile_stays_with_who_took_it(app: App) -> None:
    mine, token = await asked(app)
    await app.signed_up(NEW)

    with pytest.raises(LinkRefused):
        await app.send(ChangeEmail(token=token))

    assert (await app.send(GetMe(), as_=mine)).email == ADA


async def test_needs_the_password_and_counts_guesses(app: App) -> None:
    await app.signed_up()
    app.memory.jobs.clear()
    mine = await app.signed_in()

    with pytest.raises(PasswordWrong):
        await app.send(RequestEmailChange(email=NEW, password="not it at all"), as_=mine)
    with pytest.raises(EmailInvalid):
        await app.send(RequestEmailChange(email="nowhere", password=PASSWORD), as_=mine)
    with pytest.raises(Unauthenticated):
        await app.send(ASK)

    assert not app.memory.jobs
    assert app.memory.table("sign_in_failures")


async def test_p12_a_link_is_void_once_the_password_is_another(app: App) -> None:
    mine, token = await asked(app)
    await app.send(ChangePassword(current_password=PASSWORD, new_password="an entirely new password"), as_=mine)

    with pytest.raises(LinkRefused):
        await app.send(ChangeEmail(token=token))


async def test_p12_a_link_works_for_a_day_and_until_the_next_one(app: App) -> None:
    mine, first = await asked(app)
    await app.send(RequestEmailChange(email="countess@example.com", password=PASSWORD), as_=mine)
    with pytest.raises(LinkRefused):
        await app.send(ChangeEmail(token=first))

    app.clock.pass_by(timedelta(days=1))
    with pytest.raises(LinkRefused):
        await app.send(ChangeEmail(token=app.mailed("countess@example.com")))


async def test_p13_a_link_to_the_old_address_resets_nothing_afterwards(app: App) -> None:
    _, token = await asked(app)
    await app.send(ForgotPassword(email=ADA))
    await app.mail_resets()
    reset = app.mailed(ADA)

    await app.send(ChangeEmail(token=token))

    with pytest.raises(LinkRefused):
        await app.send(ResetPassword(token=reset, password="an entirely new password"))


async def test_p9_p10_nothing_is_hashed_nor_counted_while_the_account_is_closed(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in(origin=THERE)
    await fail(app, FAILURES, HERE)
    hashed, counted = app.passwords.verified, dict(app.memory.table(COUNTED))

    for password in (PASSWORD, "wrong"):
        with pytest.raises(PasswordWrong):
            await app.send(RequestEmailChange(email="new@example.com", password=password), as_=mine, origin=HERE)

    assert app.passwords.verified == hashed
    assert dict(app.memory.table(COUNTED)) == counted


async def test_t3_t11_is_no_other_link_and_is_kept_as_a_hash(app: App) -> None:
    await app.send(ForgotPassword(email=ADA))
    _, token = await asked(app)

    assert token.startswith("gwc_")
    assert token not in repr(app.memory.table(LINKS))
    with pytest.raises(LinkRefused):
        await app.send(VerifyEmail(token=token))
    with pytest.raises(LinkRefused):
        await app.send(ResetPassword(token=token, password="an entirely new password"))


async def test_mails_nothing_to_the_address_that_one_has(app: App) -> None:
    await app.signed_up()
    await app.send(RequestEmailChange(email=ADA.upper(), password=PASSWORD), as_=await app.signed_in())

    assert mails(app) == []


async def test_i12_limits_mails_and_attempts() -> None:
    app = App(links=LinkPolicy(per_hour=1, attempts_per_minute=1))
    mine, token = await asked(app)
    with pytest.raises(TooManyRequests):
        await app.send(ASK, as_=mine)
    await app.signed_up("eve@example.com")
    queued = len(app.memory.jobs)
    await app.send(ASK, as_=await app.signed_in("eve@example.com"))
    assert len(app.memory.jobs) == queued

    await app.send(ChangeEmail(token=token), origin=Origin("192.0.2.1"))
    with pytest.raises(TooManyRequests):
        await app.send(ChangeEmail(token=token), origin=Origin("192.0.2.1"))

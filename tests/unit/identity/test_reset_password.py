"""Forgetting one's password, and choosing another."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from core.mailed_tokens import RandomLinkTokens
from core.secrets import Secrets
from domain.identity.commands.change_password import ChangePassword
from domain.identity.commands.create_user import CreateUser
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.commands.delete_user import DeleteUser
from domain.identity.commands.forgot_password import ForgotPassword
from domain.identity.commands.reset_password import ResetPassword
from domain.identity.errors import EmailInvalid, LinkRefused, PasswordTooWeak
from domain.identity.mailing import NETWORKS, LinkPolicy
from domain.identity.models import Purpose, User
from domain.identity.verification import FAILURES
from domain.kernel.access import Origin
from domain.kernel.errors import InvalidToken, Overloaded, TooManyRequests
from domain.kernel.revocation import RevocationScope
from domain.sessions.commands.refresh_session import RefreshSession
from domain.sessions.commands.sign_in import SignIn
from domain.sessions.errors import RefreshRefused, SignInRefused
from domain.sessions.queries.list_sessions import ListSessions
from tests.support.app import PASSWORD, App
from tests.support.memory.identity import LINKS, USERS, PlainPasswords

NEW = "an entirely new password"
FORGOT = ForgotPassword(email="ada@example.com")


async def forgot(app: App, email: str = "ada@example.com") -> str:
    """Return the token that was mailed."""
    await app.send(ForgotPassword(email=email))
    await app.mail_resets()
    return app.mailed(email)


def mails(app: App) -> list[str]:
    """Return who was mailed something."""
    return [job.payload["to"] for job in app.memory.jobs if job.name == "send_mail"]


async def test_the_mailed_token_chooses_another_password(app: App) -> None:
    await app.signed_up()

    answer = await app.answer(ResetPassword(token=await forgot(app, "ada@example.com"), password=NEW))

    assert answer.result is None  # nobody is signed in by it
    assert await app.send(SignIn(email="ada@example.com", password=NEW))
    with pytest.raises(SignInRefused):
        await app.signed_in()


async def test_p12_a_token_works_once(app: App) -> None:
    await app.signed_up()
    token = await forgot(app)
    await app.send(ResetPassword(token=token, password=NEW))

    with pytest.raises(LinkRefused):
        await app.send(ResetPassword(token=token, password="yet another long password"))

    assert await app.send(SignIn(email="ada@example.com", password=NEW))


async def test_p12_a_token_works_for_a_quarter_of_an_hour(app: App) -> None:
    await app.signed_up()
    token = await forgot(app)
    app.clock.pass_by(timedelta(minutes=15))

    with pytest.raises(LinkRefused):
        await app.send(ResetPassword(token=token, password=NEW))
    assert app.memory.table(LINKS)


async def test_p12_a_new_token_replaces_the_one_before(app: App) -> None:
    await app.signed_up()
    before, after = await forgot(app), await forgot(app)

    with pytest.raises(LinkRefused):
        await app.send(ResetPassword(token=before, password=NEW))
    await app.send(ResetPassword(token=after, password=NEW))


async def test_p12_a_token_is_void_once_the_password_has_changed(app: App) -> None:
    await app.signed_up()
    mine, token = await app.signed_in(), await forgot(app)
    await app.send(ChangePassword(current_password=PASSWORD, new_password=NEW), as_=mine)

    with pytest.raises(LinkRefused):
        await app.send(ResetPassword(token=token, password="yet another long password"))


async def test_p12_a_token_is_void_once_the_address_is_another(app: App) -> None:
    user = await app.signed_up()
    token = await forgot(app)
    app.memory.table(USERS)[user.id].email = "lovelace@example.com"

    with pytest.raises(LinkRefused):
        await app.send(ResetPassword(token=token, password=NEW))


@dataclass
class Overtaken(PlainPasswords):
    """Lets something happen while the new password is hashed."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def hash(self, password: str) -> str:
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        return await PlainPasswords.hash(self, password)


async def test_p12_of_two_uses_at_once_one_wins() -> None:
    app = App(passwords=(passwords := Overtaken()))
    await app.signed_up()
    token = await forgot(app)
    passwords.meanwhile = lambda: app.send(ResetPassword(token=token, password="the password of the first"))

    with pytest.raises(LinkRefused):
        await app.send(ResetPassword(token=token, password=NEW))

    assert await app.send(SignIn(email="ada@example.com", password="the password of the first"))


@pytest.mark.parametrize("command", [DeactivateUser, DeleteUser])
async def test_p12_a_token_is_void_for_whoever_is_closed_out_meanwhile(
    command: type[DeactivateUser] | type[DeleteUser],
) -> None:
    app = App(passwords=(passwords := Overtaken()))
    user, root = await app.signed_up(), await app.administrator()
    token = await forgot(app)
    passwords.meanwhile = lambda: app.send(command(user_id=user.id), as_=root)

    with pytest.raises(LinkRefused):
        await app.send(ResetPassword(token=token, password=NEW))


async def test_ends_every_session_and_its_refresh_tokens(app: App) -> None:
    user = await app.signed_up()
    await app.signed_up("eve@example.com")
    mine, eve = await app.signed_in(), await app.signed_in("eve@example.com")

    await app.send(ResetPassword(token=await forgot(app), password=NEW))

    assert list(app.memory.revocations) == [(RevocationScope.USER, str(user.id))]
    with pytest.raises(InvalidToken):
        await app.send(ListSessions(), as_=mine)
    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=mine.refresh_token))
    assert await app.send(ListSessions(), as_=eve)


async def test_announces_it_tells_the_owner_and_takes_the_address_as_proved(app: App) -> None:
    user = await app.signed_up()

    await app.send(ResetPassword(token=await forgot(app), password=NEW))

    assert [fact.type for fact in app.facts[1:]] == ["identity.user.password_changed", "identity.user.updated"]
    kept: User = app.memory.table(USERS)[user.id]
    assert (kept.email_verified, kept.epoch) == (True, 2)
    payload = app.memory.jobs[-1].payload
    assert (payload["to"], payload["mail"]) == ("ada@example.com", "password_changed")
    assert app.audited[-1] == ("identity.user.reset_password", "done")


async def test_whoever_was_locked_out_may_try_again(app: App) -> None:
    await app.signed_up()
    here = Origin("192.0.2.1")
    for _ in range(FAILURES):
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email="ada@example.com", password="wrong"), origin=here)

    await app.send(ResetPassword(token=await forgot(app), password=NEW), origin=here)

    assert await app.send(SignIn(email="ada@example.com", password=NEW), origin=here)


async def test_a_weak_password_does_not_use_the_token_up(app: App) -> None:
    await app.signed_up(username="ada-lovelace-king")
    token = await forgot(app)
    for weak in ("short", "ADA@example.com", "Ada-Lovelace-King"):
        with pytest.raises(PasswordTooWeak):
            await app.send(ResetPassword(token=token, password=weak))

    await app.send(ResetPassword(token=token, password=NEW))


async def test_changes_nothing_when_hashing_is_refused(app: App) -> None:
    await app.signed_up()
    token = await forgot(app)
    app.passwords.busy = True
    with pytest.raises(Overloaded):
        await app.send(ResetPassword(token=token, password=NEW))

    app.passwords.busy = False
    await app.send(ResetPassword(token=token, password=NEW))


async def test_p7_p8_asking_does_the_same_whoever_it_is(app: App) -> None:
    """The request queues one question and no more; whose address it is, only the worker finds out."""
    root = await app.administrator()
    await app.signed_up()
    gone = await app.signed_up("gone@example.com")
    await app.send(DeactivateUser(user_id=gone.id), as_=root)
    await app.send(CreateUser(email="bare@example.com"), as_=root)
    before = len(app.facts)

    for email in ("ada@example.com", "gone@example.com", "bare@example.com", "nobody@example.com"):
        queued, kept = len(app.memory.jobs), dict(app.memory.table(LINKS))
        answer = await app.answer(ForgotPassword(email=email))
        assert answer.result is None
        assert [(job.name, job.payload) for job in app.memory.jobs[queued:]] == [("mail_reset", {"address": email})]
        assert (app.memory.table(LINKS), len(app.facts), app.passwords.verified) == (kept, before, 1)
        assert app.audited[-1] == ("identity.user.forgot_password", "done")

    await app.mail_resets()
    # Whoever has no password yet proves by the mail that the account is theirs.
    assert mails(app) == ["ada@example.com", "bare@example.com"]


async def test_p7_refuses_what_is_no_address_whoever_asks(app: App) -> None:
    with pytest.raises(EmailInvalid):
        await app.send(ForgotPassword(email="not an address"))


@pytest.mark.parametrize("asked", ["M\u0131ke@example.com", "mike@ex\u0430mple.com", "MIKE@Example.COM"])
async def test_p13_mails_to_the_kept_address_only(app: App, asked: str) -> None:
    await app.signed_up("mike@example.com")

    await app.send(ForgotPassword(email=asked))
    await app.mail_resets()

    assert set(mails(app)) <= {"mike@example.com"}
    assert len(mails(app)) == (asked.isascii() and 1)


async def test_i12_fills_nobodys_mailbox_and_does_not_tell() -> None:
    app = App(links=LinkPolicy(per_hour=2))
    await app.signed_up()

    for number in range(5):
        assert (await app.answer(FORGOT, origin=Origin(f"192.0.2.{number}"))).result is None
    await app.mail_resets()

    assert len(mails(app)) == 2
    app.clock.pass_by(timedelta(hours=1))
    await forgot(app)
    assert len(mails(app)) == 3


async def test_p10_i12_one_network_uses_up_no_mails_for_the_others_until_there_are_very_many() -> None:
    app = App(links=LinkPolicy(per_hour=2))
    await app.signed_up()
    for number in range(NETWORKS + 1):
        for _ in range(3):
            assert (await app.answer(FORGOT, origin=Origin(f"203.0.{number}.1"))).result is None
        await app.mail_resets()
        assert len(mails(app)) == 2 * min(number + 1, NETWORKS)


async def test_i12_limits_how_often_one_network_address_asks_and_tries() -> None:
    app = App(links=LinkPolicy(attempts_per_minute=1))
    here, there = Origin("192.0.2.1"), Origin("198.51.100.1")
    guess = ResetPassword(token="gwp_" + "a" * 43, password=NEW)
    await app.send(FORGOT, origin=here)
    with pytest.raises(LinkRefused):
        await app.send(guess, origin=here)

    for attempt in (FORGOT, guess):
        with pytest.raises(TooManyRequests):
            await app.send(attempt, origin=here)
    await app.send(FORGOT, origin=there)


async def test_p12_t11_the_token_has_256_bits_and_nothing_of_it_is_kept(app: App) -> None:
    await app.signed_up()

    token = await forgot(app)

    assert token.startswith("gwp_")
    assert len(token) == len("gwp_") + 43
    (link,) = [each for each in app.memory.table(LINKS).values() if each.purpose is Purpose.RESET]
    assert len(link.token_hash) == 32
    assert token not in repr(app.memory.table(LINKS))


def test_t3_tokens_of_one_kind_are_none_of_the_other() -> None:
    tokens = RandomLinkTokens.of(Secrets(bytes(range(32))))
    (reset, kept), (verification, _) = tokens.make(Purpose.RESET), tokens.make(Purpose.VERIFICATION)

    assert tokens.hashes(Purpose.RESET, reset) == [kept]
    assert tokens.hashes(Purpose.RESET, verification) == []
    assert tokens.hashes(Purpose.VERIFICATION, reset) == []
    assert kept not in tokens.hashes(Purpose.VERIFICATION, "gwv_" + reset[4:])


@pytest.mark.parametrize("kind", ["refresh", "access", "invitation"])
async def test_t3_refuses_tokens_of_other_kinds(app: App, kind: str) -> None:
    await app.signed_up()
    mine, token = await app.signed_in(), await forgot(app)
    other = {"refresh": mine.refresh_token, "access": mine.access_token, "invitation": "gwi_" + token[4:]}[kind]

    with pytest.raises(LinkRefused):
        await app.send(ResetPassword(token=other[:128], password=NEW))
    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=token))

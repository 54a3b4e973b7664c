"""Signing in with a password."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from domain.identity.commands.change_password import ChangePassword
from domain.identity.commands.create_user import CreateUser
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.verification import FAILURES, MOST_FAILURES, NOBODIES, PAUSE
from domain.kernel.access import Origin
from domain.kernel.errors import Overloaded, TooManyRequests
from domain.sessions.commands.sign_in import SignIn, SignInPolicy
from domain.sessions.errors import LoginMissing, SignInOvertaken, SignInRefused
from domain.sessions.models import Session
from tests.support.app import PASSWORD, App
from tests.support.memory.identity import CREDENTIALS, PlainPasswords
from tests.support.memory.identity import FAILURES as COUNTED
from tests.support.memory.sessions import SESSIONS

HERE, THERE = Origin("192.0.2.1", "Firefox"), Origin("198.51.100.1")
WRONG = "not the password at all"


async def test_starts_a_session_and_announces_it(app: App) -> None:
    user = await app.signed_up()

    tokens = await app.send(SignIn(email="ada@example.com", password=PASSWORD), origin=HERE)

    session: Session = app.memory.table(SESSIONS)[tokens.session_id]
    assert (session.user_id, session.address, session.user_agent) == (user.id, "192.0.2.1", "Firefox")
    fact = app.facts[-1]
    assert (fact.type, fact.aggregate_id, fact.aggregate_version) == ("sessions.session.started", session.id, 1)
    assert (fact.data["user_id"], fact.data["factors"]) == (str(user.id), ["pwd"])
    assert (tokens.expires_in, tokens.refresh_expires_in) == (900, 7 * 24 * 3600)
    assert app.audited[-1] == ("sessions.session.start", "done")


async def test_t11_says_the_tokens_to_nobody_else(app: App) -> None:
    await app.signed_up()

    tokens = await app.signed_in()

    kept = f"{app.facts}{app.memory.audited}{app.memory.jobs}{app.memory.table('refresh_families')}{tokens!r}"
    assert tokens.access_token not in kept
    assert tokens.refresh_token not in kept


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.COM"])
async def test_takes_the_address_however_it_is_typed(app: App, email: str) -> None:
    await app.signed_up()

    assert await app.send(SignIn(email=email, password=PASSWORD))


async def test_takes_the_username_however_it_is_typed(app: App) -> None:
    await app.signed_up(username="ada")

    assert await app.send(SignIn(username=" ADA ", password=PASSWORD))


@pytest.mark.parametrize("fields", [{}, {"email": "ada@example.com", "username": "ada"}])
async def test_asks_for_either_an_address_or_a_username(app: App, fields: dict[str, str]) -> None:
    await app.signed_up(username="ada")

    with pytest.raises(LoginMissing):
        await app.send(SignIn(password=PASSWORD, **fields))


@pytest.mark.parametrize("fields", [{"email": "ada"}, {"username": "ada@example.com"}])
async def test_takes_neither_for_the_other(app: App, fields: dict[str, str]) -> None:
    await app.signed_up(username="ada")

    with pytest.raises(SignInRefused):
        await app.send(SignIn(password=PASSWORD, **fields))


async def test_p7_p8_refuses_all_alike_after_the_same_work(app: App) -> None:
    root = await app.administrator()
    await app.signed_up()
    dead = await app.signed_up("dead@example.com")
    await app.send(DeactivateUser(user_id=dead.id), as_=root)
    await app.send(CreateUser(email="bare@example.com"), as_=root)
    tries = {
        "unknown address": SignIn(email="nobody@example.com", password=PASSWORD),
        "malformed address": SignIn(email="@", password=PASSWORD),
        "unknown username": SignIn(username="nobody", password=PASSWORD),
        "address as username": SignIn(username="ada@example.com", password=PASSWORD),
        "wrong password": SignIn(email="ada@example.com", password=WRONG),
        "deactivated": SignIn(email="dead@example.com", password=PASSWORD),
        "no password": SignIn(email="bare@example.com", password=PASSWORD),
    }
    before = len(app.facts)

    answers, work = {}, {}
    for name, message in tries.items():
        verified = app.passwords.verified
        with pytest.raises(SignInRefused) as refused:
            await app.send(message)
        answers[name] = (type(refused.value), refused.value.detail, refused.value.errors)
        work[name] = app.passwords.verified - verified

    assert set(answers.values()) == {(SignInRefused, None, ())}
    assert set(work.values()) == {1}
    assert len(app.facts) == before
    assert app.audited[-len(tries) :] == [("sessions.session.start", "sessions.sign_in_refused")] * len(tries)


async def test_p8_e10_writes_as_much_for_whoever_does_not_exist(app: App) -> None:
    root = await app.administrator()
    await app.signed_up()
    dead = await app.signed_up("dead@example.com")
    await app.send(DeactivateUser(user_id=dead.id), as_=root)
    closed = await app.signed_up("closed@example.com")
    for _ in range(FAILURES):
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email=closed.email, password=WRONG))

    written = {}
    for name in ("ada", "nobody", "dead", "closed"):
        before = dict(app.memory.table(COUNTED))
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email=f"{name}@example.com", password=WRONG))
        after = app.memory.table(COUNTED)
        written[name] = sum(before.get(account) != count for account, count in after.items())

    assert written == dict.fromkeys(written, 2)


async def test_p8_strangers_do_not_make_the_counters_grow_without_end(app: App) -> None:
    for number in range(50):
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email=f"{number}@example.com", password=WRONG), origin=Origin(f"203.0.{number}.1"))

    accounts = app.memory.table(COUNTED)
    assert {account.partition("@")[2] for account in accounts} == {"*", "nowhere"}
    assert all(UUID(account.partition("@")[0]).int < NOBODIES for account in accounts)


async def fail(app: App, times: int, origin: Origin = HERE) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email="ada@example.com", password=WRONG), origin=origin)


async def test_e11_closes_the_account_to_a_network_after_too_many_failures(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES)

    for neighbour in (HERE, Origin("192.0.2.250")):
        with pytest.raises(SignInRefused):
            await app.signed_in(origin=neighbour)

    assert await app.signed_in(origin=THERE)


async def test_e11_does_not_close_it_one_failure_earlier(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES - 1)

    assert await app.signed_in(origin=HERE)


async def test_e11_opens_it_again_after_a_while(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES)

    app.clock.pass_by(PAUSE - timedelta(seconds=1))
    with pytest.raises(SignInRefused):
        await app.signed_in(origin=HERE)
    app.clock.pass_by(timedelta(seconds=1))

    assert await app.signed_in(origin=HERE)


async def test_e11_opens_it_to_a_network_however_others_go_on_failing(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES)
    app.clock.pass_by(PAUSE - timedelta(seconds=1))
    await fail(app, 1, THERE)
    app.clock.pass_by(timedelta(seconds=1))

    assert await app.signed_in(origin=HERE)


async def test_e11_closes_it_to_everybody_after_very_many_failures(app: App) -> None:
    await app.signed_up()
    for number in range(MOST_FAILURES // FAILURES):
        await fail(app, FAILURES, Origin(f"203.0.{number}.1"))

    with pytest.raises(SignInRefused):
        await app.signed_in(origin=THERE)
    app.clock.pass_by(PAUSE)

    assert await app.signed_in(origin=THERE)


async def test_e11_treats_an_ipv6_prefix_as_one_network(app: App) -> None:
    await app.signed_up()
    for number in range(FAILURES):
        await fail(app, 1, Origin(f"2001:db8:1:{number}::1"))

    with pytest.raises(SignInRefused):
        await app.signed_in(origin=Origin("2001:db8:1:ffff::1"))

    assert await app.signed_in(origin=Origin("2001:db8:2::1"))


async def test_e11_counts_failures_in_a_row(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES - 1)
    await app.signed_in(origin=HERE)
    await fail(app, FAILURES - 1)

    assert await app.signed_in(origin=HERE)


async def test_e11_a_success_elsewhere_does_not_help_whoever_guesses(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES)
    await app.signed_in(origin=THERE)

    with pytest.raises(SignInRefused):
        await app.signed_in(origin=HERE)


async def test_hashes_anew_what_was_hashed_with_old_parameters(app: App) -> None:
    user = await app.signed_up()
    app.passwords.version = 2

    await app.signed_in()

    assert app.memory.table(CREDENTIALS)[user.id].password_hash == f"plain2:{PASSWORD}"
    assert await app.signed_in()


async def test_hashes_nothing_anew_for_a_wrong_password(app: App) -> None:
    user = await app.signed_up()
    app.passwords.version = 2

    await fail(app, 1)

    assert app.memory.table(CREDENTIALS)[user.id].password_hash == f"plain1:{PASSWORD}"


async def test_counts_no_failure_when_hashing_is_refused(app: App) -> None:
    await app.signed_up()
    app.passwords.busy = True
    for _ in range(FAILURES):
        with pytest.raises(Overloaded):
            await app.signed_in(origin=HERE)
    app.passwords.busy = False

    assert await app.signed_in(origin=HERE)


async def test_limits_attempts_from_one_address() -> None:
    app = App(sign_in=SignInPolicy(per_minute=1))
    await app.signed_up()
    await app.signed_in(origin=HERE)

    with pytest.raises(TooManyRequests):
        await app.signed_in(origin=HERE)

    assert await app.signed_in(origin=THERE)


async def test_i14_starts_one_session_under_one_idempotency_key(app: App) -> None:
    await app.signed_up()
    message = SignIn(email="ada@example.com", password=PASSWORD)

    first, again = await app.answer(message, key="k"), await app.answer(message, key="k")

    assert again.replayed
    assert again.result == first.result
    assert len(app.memory.table(SESSIONS)) == 1


@dataclass
class Overtaken(PlainPasswords):
    """Lets something happen between the proof and the session."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def verify(self, kept: str | None, password: str) -> bool:
        fits = await PlainPasswords.verify(self, kept, password)
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        return fits


async def test_e11_judges_what_was_guessed_at_once_by_what_failed_meanwhile() -> None:
    app = App(passwords=(passwords := Overtaken()))
    await app.signed_up()

    async def others() -> None:
        await fail(app, FAILURES)

    passwords.meanwhile = others
    with pytest.raises(SignInRefused):
        await app.signed_in(origin=HERE)


NEW = "an entirely new password"


@pytest.mark.parametrize("newer", [0, 1])
async def test_leaves_nothing_when_the_password_is_changed_meanwhile(newer: int) -> None:
    app = App(passwords=(passwords := Overtaken()))
    user = await app.signed_up()
    mine = await app.signed_in()
    passwords.version += newer

    async def change() -> None:
        await app.send(ChangePassword(current_password=PASSWORD, new_password=NEW), as_=mine)

    passwords.meanwhile = change
    with pytest.raises(SignInRefused):
        await app.signed_in()

    assert app.facts[-1].type == "identity.user.password_changed"
    assert len(app.memory.table(SESSIONS)) == 1
    assert app.memory.table(CREDENTIALS)[user.id].password_hash.endswith(NEW)
    assert app.audited[-1] == ("sessions.session.start", "sessions.sign_in_refused")


async def test_leaves_nothing_when_the_account_is_closed_meanwhile() -> None:
    app = App(passwords=(passwords := Overtaken()))
    root = await app.administrator()
    user = await app.signed_up()

    async def close() -> None:
        await app.send(DeactivateUser(user_id=user.id), as_=root)

    passwords.meanwhile = close
    with pytest.raises(SignInRefused):
        await app.signed_in()

    assert app.facts[-1].type == "identity.user.deactivated"


def test_says_no_more_when_it_was_overtaken() -> None:
    assert (SignInOvertaken.code, SignInOvertaken.__doc__) == (SignInRefused.code, SignInRefused.__doc__)

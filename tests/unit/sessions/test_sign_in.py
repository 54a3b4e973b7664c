"""Signing in with a password."""

import pytest

from domain.identity.commands.create_user import CreateUser
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.kernel.errors import TooManyRequests
from domain.sessions.commands.sign_in import SignIn, SignInPolicy
from domain.sessions.errors import LoginMissing, SignInRefused
from domain.sessions.models import Session
from tests.support.app import PASSWORD, App
from tests.support.attempts import HERE, THERE, WRONG, fail
from tests.support.memory.identity import CREDENTIALS
from tests.support.memory.sessions import SESSIONS


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

"""Signing up."""

import pytest

from domain.identity.commands.sign_up import SignUp, SignUpPolicy
from domain.identity.commands.update_me import UpdateMe
from domain.identity.errors import (
    EmailInvalid,
    EmailTaken,
    FullNameInvalid,
    PasswordTooWeak,
    UsernameInvalid,
    UsernameTaken,
)
from domain.kernel.access import Origin
from domain.kernel.errors import IdempotencyMismatch, Overloaded, TooManyRequests
from tests.support.app import PASSWORD, App
from tests.support.memory.identity import CREDENTIALS, USERS

ADA = SignUp(email="Ada@Example.com", password=PASSWORD, full_name="Ada Lovelace", username="Ada")


async def test_announces_the_person_once_and_without_the_password(app: App) -> None:
    user = await app.send(ADA)

    (fact,) = app.facts
    assert (fact.type, fact.aggregate_id, fact.aggregate_version) == ("identity.user.created", user.id, 1)
    assert fact.data["email"] == "ada@example.com"
    assert PASSWORD not in str(fact.data)


async def test_keeps_the_address_and_the_username_in_their_canonical_form(app: App) -> None:
    user = await app.send(ADA)

    assert (user.email, user.username, user.full_name, user.version) == ("ada@example.com", "ada", "Ada Lovelace", 1)
    assert not user.email_verified
    assert not user.is_superuser


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@example.COM"])
async def test_refuses_an_address_in_use_however_it_is_typed(app: App, email: str) -> None:
    await app.send(ADA)

    with pytest.raises(EmailTaken):
        await app.send(SignUp(email=email, password=PASSWORD))

    assert len(app.facts) == 1
    assert app.audited == [("identity.user.sign_up", "done"), ("identity.user.sign_up", "identity.email_taken")]


async def test_refuses_a_username_in_use(app: App) -> None:
    await app.send(ADA)

    with pytest.raises(UsernameTaken):
        await app.send(SignUp(email="other@example.com", password=PASSWORD, username="ADA"))


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"email": "not an address"}, EmailInvalid),
        ({"password": "short"}, PasswordTooWeak),
        ({"full_name": "Ada\u202egnp.exe"}, FullNameInvalid),
        ({"full_name": "   "}, FullNameInvalid),
        ({"full_name": "A" * 201}, FullNameInvalid),
        ({"username": "a"}, UsernameInvalid),
        ({"username": "ada!"}, UsernameInvalid),
        ({"username": "ada@example.com"}, UsernameInvalid),
        ({"username": "\u0430da"}, UsernameInvalid),
    ],
)
async def test_i13_keeps_nothing_of_what_breaks_a_rule(
    app: App, fields: dict[str, str], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await app.send(SignUp(**({"email": "ada@example.com", "password": PASSWORD} | fields)))

    assert not app.memory.table(USERS)
    assert not app.memory.table(CREDENTIALS)
    assert not app.facts


async def test_i13_shows_a_name_in_nfc(app: App) -> None:
    user = await app.signed_up(full_name="A\u0301da")

    assert user.full_name == "\u00c1da"


async def test_keeps_nothing_when_hashing_is_refused(app: App) -> None:
    app.passwords.busy = True

    with pytest.raises(Overloaded):
        await app.send(ADA)

    assert not app.memory.table(USERS)
    assert app.audited == []


async def test_limits_sign_ups_from_one_address() -> None:
    app = App(sign_up=SignUpPolicy(per_minute=1))
    here, there = Origin("192.0.2.1"), Origin("192.0.2.2")
    await app.send(SignUp(email="a@example.com", password=PASSWORD), origin=here)

    with pytest.raises(TooManyRequests):
        await app.send(SignUp(email="b@example.com", password=PASSWORD), origin=here)

    await app.send(SignUp(email="b@example.com", password=PASSWORD), origin=there)


async def test_i14_runs_once_under_one_idempotency_key(app: App) -> None:
    first = await app.answer(ADA, key="k")
    again = await app.answer(ADA, key="k")

    assert again.result == first.result
    assert again.replayed
    assert len(app.facts) == 1


async def test_i14_a_key_that_a_stranger_used_does_not_stand_in_the_way(app: App) -> None:
    first = await app.answer(ADA, key="k")

    other = await app.answer(SignUp(email="other@example.com", password=PASSWORD), key="k")

    assert not other.replayed
    assert other.result.id != first.result.id
    assert (await app.answer(ADA, key="k")).result == first.result


async def test_i14_a_key_without_the_request_shows_nothing(app: App) -> None:
    await app.answer(ADA, key="k")

    with pytest.raises(EmailTaken):
        await app.answer(SignUp(email="ada@example.com", password="a guessed long password"), key="k")


async def test_i14_refuses_the_key_for_another_request_of_the_same_person(app: App) -> None:
    await app.signed_up()
    ada = await app.signed_in()
    await app.send(UpdateMe(full_name="Ada"), as_=ada, key="k")

    with pytest.raises(IdempotencyMismatch):
        await app.send(UpdateMe(full_name="Augusta"), as_=ada, key="k")


async def test_i14_judges_a_refused_request_anew_under_the_same_key(app: App) -> None:
    app.passwords.busy = True
    with pytest.raises(Overloaded):
        await app.answer(ADA, key="k")
    app.passwords.busy = False

    answer = await app.answer(ADA, key="k")

    assert not answer.replayed
    assert len(app.facts) == 1

"""Naming the first administrator."""

import pytest

from domain.identity.commands.delete_user import DeleteUser
from domain.identity.commands.finish_setup import GUESSES, FinishSetup
from domain.identity.errors import EmailInvalid, EmailTaken, PasswordTooWeak, SetupClosed
from domain.identity.queries.list_users import ListUsers
from domain.kernel.access import Origin
from domain.kernel.errors import Overloaded, TooManyRequests
from tests.support.app import PASSWORD, App
from tests.support.memory.identity import SETUP, USERS
from tests.support.memory.tables import GRANTS

TOKEN = "the printed token"
FIRST = FinishSetup(email="Root@Example.com", token=TOKEN, password=PASSWORD, full_name="Root", username="Root")
SECOND = FinishSetup(email="second@example.com", token=TOKEN, password=PASSWORD)


async def test_makes_a_superuser_who_can_sign_in(app: App) -> None:
    root = await app.send(FIRST)

    assert (root.email, root.username, root.full_name, root.is_superuser) == ("root@example.com", "root", "Root", True)
    assert root.version == 2
    assert await app.send(ListUsers(), as_=await app.signed_in("root@example.com"))


async def test_announces_the_person_and_their_role(app: App) -> None:
    root = await app.send(FIRST)

    assert [(fact.type, fact.aggregate_id, fact.aggregate_version) for fact in app.facts] == [
        ("identity.user.created", root.id, 1),
        ("identity.user.superuser_named", root.id, 2),
    ]
    assert app.audited == [("identity.setup.finish", "done")]


async def test_p14_works_once(app: App) -> None:
    await app.send(FIRST)

    with pytest.raises(SetupClosed):
        await app.send(SECOND)

    assert len(app.memory.table(USERS)) == 1
    assert len(app.facts) == 2
    assert app.audited[-1] == ("identity.setup.finish", "identity.setup_closed")


async def test_p14_is_not_reopened_when_the_administrator_is_gone(app: App) -> None:
    root = await app.send(FIRST)
    tokens = await app.signed_in("root@example.com")
    other = await app.signed_up("other@example.com")
    app.name_superuser(other.id)
    await app.send(DeleteUser(user_id=root.id), as_=tokens)
    app.memory.table(GRANTS).clear()

    with pytest.raises(SetupClosed):
        await app.send(SECOND)
    with pytest.raises(SetupClosed):
        await app.send(FIRST)


@pytest.mark.parametrize("token", ["the printed toke", "the printed token ", "\u0430", "guess"])
async def test_p14_refuses_another_token_and_stays_open(app: App, token: str) -> None:
    with pytest.raises(SetupClosed):
        await app.send(FinishSetup(email="eve@example.com", token=token, password=PASSWORD))

    assert not app.memory.table(USERS)
    assert app.passwords.verified == 0
    assert await app.send(FIRST)


async def test_guesses_fill_no_audit_trail_and_keep_nobody_out(app: App) -> None:
    guess, here = FinishSetup(email="eve@example.com", token="guess", password=PASSWORD), Origin("192.0.2.1")
    for _ in range(GUESSES):
        with pytest.raises(SetupClosed):
            await app.send(guess, origin=here)
    for _ in range(3):
        with pytest.raises(TooManyRequests):
            await app.send(guess, origin=here)

    assert app.audited == [("identity.setup.finish", "identity.setup_closed")] * GUESSES
    assert await app.send(FIRST, origin=here)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [({"email": "no address"}, EmailInvalid), ({"password": "short"}, PasswordTooWeak)],
)
async def test_p14_stays_open_when_it_refuses(app: App, fields: dict[str, str], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        await app.send(FinishSetup(**({"email": "a@example.com", "token": TOKEN, "password": PASSWORD} | fields)))

    assert not app.memory.table(SETUP)
    assert await app.send(FIRST)


async def test_p14_stays_open_when_hashing_is_refused_or_the_address_is_taken(app: App) -> None:
    await app.signed_up("root@example.com")
    with pytest.raises(EmailTaken):
        await app.send(FIRST)
    app.passwords.busy = True
    with pytest.raises(Overloaded):
        await app.send(SECOND)
    app.passwords.busy = False

    assert (await app.send(SECOND)).is_superuser


async def test_i14_repeats_the_answer_under_one_idempotency_key(app: App) -> None:
    first = await app.answer(FIRST, key="k")

    again = await app.answer(FIRST, key="k")

    assert (again.replayed, again.result) == (True, first.result)

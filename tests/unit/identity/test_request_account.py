"""Signing up without being told whether the address is known."""

from datetime import timedelta

import pytest

from domain.identity.commands.request_account import MAILS, RequestAccount
from domain.identity.errors import (
    EmailInvalid,
    FullNameInvalid,
    PasswordTooWeak,
    UsernameInvalid,
)
from domain.kernel.access import Origin
from tests.support.app import PASSWORD, App
from tests.support.memory.identity import USERS


async def test_p7_private_sign_up_answers_the_same_to_known_and_unknown_addresses(app: App) -> None:
    first = await app.answer(RequestAccount(email="ada@example.com", password=PASSWORD))
    again = await app.answer(RequestAccount(email="ada@example.com", password="another long password"))

    assert first.result is None
    assert again.result is None
    assert len(app.memory.table(USERS)) == 1
    assert [job.payload["mail"] for job in app.memory.jobs] == ["account_ready", "account_known"]
    assert app.audited == [("identity.user.request_account", "done")] * 2


async def test_p7_private_sign_up_with_a_username_in_use_does_not_tell_which_addresses_are_known(app: App) -> None:
    await app.signed_up(full_name="Ada Lovelace", username="Ada")

    for email in ("ada@example.com", "new@example.com"):
        answer = await app.answer(RequestAccount(email=email, password=PASSWORD, username="ada"))
        assert answer.result is None

    assert [job.payload["mail"] for job in app.memory.jobs] == ["account_known", "username_taken"]
    assert len(app.memory.table(USERS)) == 1


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"email": "not an address"}, EmailInvalid),
        ({"password": "short"}, PasswordTooWeak),
        ({"full_name": "   "}, FullNameInvalid),
        ({"username": "ada!"}, UsernameInvalid),
    ],
)
@pytest.mark.parametrize("email", ["ada@example.com", "new@example.com"])
async def test_p7_private_sign_up_judges_known_and_unknown_addresses_alike(
    app: App, email: str, fields: dict[str, str], refusal: type[Exception]
) -> None:
    await app.signed_up(full_name="Ada Lovelace", username="Ada")

    with pytest.raises(refusal):
        await app.send(RequestAccount(**({"email": email, "password": PASSWORD} | fields)))

    assert not app.memory.jobs


async def test_private_sign_up_fills_nobodys_mailbox_and_does_not_tell(app: App) -> None:
    await app.signed_up(full_name="Ada Lovelace", username="Ada")

    for number in range(MAILS + 2):
        again = RequestAccount(email="ADA@example.com" if number % 2 else "ada@example.com", password=PASSWORD)
        answer = await app.answer(again, origin=Origin(f"192.0.2.{number}"))
        assert answer.result is None

    assert [job.payload["mail"] for job in app.memory.jobs] == ["account_known"] * MAILS
    app.clock.pass_by(timedelta(hours=1))
    await app.send(RequestAccount(email="ada@example.com", password=PASSWORD))
    assert len(app.memory.jobs) == MAILS + 1


async def test_nobody_has_an_account_without_having_heard_of_it(app: App) -> None:
    await app.signed_up(full_name="Ada Lovelace", username="Ada")
    for _ in range(MAILS):
        await app.send(RequestAccount(email="eve@example.com", password=PASSWORD, username="ada"))

    await app.send(RequestAccount(email="eve@example.com", password=PASSWORD, username="eve"))

    assert [job.payload["mail"] for job in app.memory.jobs] == ["username_taken"] * MAILS + ["account_ready"]

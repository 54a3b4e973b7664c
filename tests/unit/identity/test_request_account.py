"""Signing up without being told whether the address is known."""

from dataclasses import asdict
from datetime import timedelta

import pytest

from domain.identity.commands.open_account import OpenAccount
from domain.identity.commands.request_account import MAILS, RequestAccount
from domain.identity.errors import (
    EmailInvalid,
    FullNameInvalid,
    PasswordTooWeak,
    UsernameInvalid,
)
from domain.kernel.access import Origin
from domain.kernel.tokens import Tokens
from tests.support.app import PASSWORD, App
from tests.support.memory.identity import USERS


@pytest.fixture
async def root(app: App) -> Tokens:
    """Whoever may make accounts, in the place of the worker."""
    tokens = await app.administrator()
    app.memory.jobs.clear()
    app.memory.audited.clear()
    return tokens


def mails(app: App) -> list[str]:
    """Return the kinds of mails that were queued."""
    return [job.payload["mail"] for job in app.memory.jobs]


async def test_p7_private_sign_up_answers_the_same_to_known_and_unknown_addresses(app: App, root: Tokens) -> None:
    first = await app.answer(RequestAccount(email="ada@example.com", password=PASSWORD))
    again = await app.answer(RequestAccount(email="ada@example.com", password="another long password"))

    assert first.result is None
    assert again.result is None
    assert app.audited == [("identity.user.request_account", "done")] * 2
    await app.open_accounts(root)
    assert len(app.memory.table(USERS)) == 2
    assert mails(app) == ["account_ready", "account_known"]
    assert app.audited[2:] == [("identity.user.open_account", "done")] * 2
    assert (await app.signed_in("ada@example.com")).access_token


async def test_p8_nothing_but_a_job_is_written_for_known_and_unknown_addresses(app: App, root: Tokens) -> None:
    await app.signed_up("ada@example.com")
    facts = len(app.facts)

    for email in ("ada@example.com", "new@example.com"):
        await app.send(RequestAccount(email=email, password=PASSWORD))

    assert [job.name for job in app.memory.jobs] == ["open_account"] * 2
    assert len(app.facts) == facts
    assert len(app.memory.table(USERS)) == 2


async def test_an_account_that_was_asked_for_is_made_once(app: App, root: Tokens) -> None:
    await app.send(RequestAccount(email="ada@example.com", password=PASSWORD))
    (job,) = app.memory.jobs
    await app.open_accounts(root)
    announced = len(app.facts)

    await app.send(OpenAccount(**asdict(job.payload["account"])), root)

    assert len(app.facts) == announced
    assert mails(app) == ["account_ready"]


async def test_p7_private_sign_up_with_a_username_in_use_does_not_tell_which_addresses_are_known(
    app: App, root: Tokens
) -> None:
    await app.signed_up(full_name="Ada Lovelace", username="Ada")

    for email in ("ada@example.com", "new@example.com"):
        answer = await app.answer(RequestAccount(email=email, password=PASSWORD, username="ada"))
        assert answer.result is None

    await app.open_accounts(root)
    assert mails(app) == ["account_known", "username_taken"]
    assert len(app.memory.table(USERS)) == 2


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


async def test_private_sign_up_fills_nobodys_mailbox_and_does_not_tell(app: App, root: Tokens) -> None:
    await app.signed_up(full_name="Ada Lovelace", username="Ada")

    for number in range(MAILS + 2):
        again = RequestAccount(email="ADA@example.com" if number % 2 else "ada@example.com", password=PASSWORD)
        answer = await app.answer(again, origin=Origin(f"192.0.2.{number}"))
        assert answer.result is None

    await app.open_accounts(root)
    assert mails(app) == ["account_known"] * MAILS
    app.clock.pass_by(timedelta(hours=1))
    await app.send(RequestAccount(email="ada@example.com", password=PASSWORD))
    root = await app.signed_in("root@example.com")
    await app.open_accounts(root)
    assert mails(app) == ["account_known"] * (MAILS + 1)


async def test_nobody_has_an_account_without_having_heard_of_it(app: App, root: Tokens) -> None:
    await app.signed_up(full_name="Ada Lovelace", username="Ada")
    for _ in range(MAILS):
        await app.send(RequestAccount(email="eve@example.com", password=PASSWORD, username="ada"))

    await app.send(RequestAccount(email="eve@example.com", password=PASSWORD, username="eve"))

    await app.open_accounts(root)
    assert mails(app) == ["username_taken"] * MAILS + ["account_ready"]

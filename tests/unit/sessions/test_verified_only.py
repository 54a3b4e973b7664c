"""Signing in where an address has to be proved first."""

import pytest

from domain.identity.commands.sign_up import SignUp
from domain.identity.commands.verify_email import VerifyEmail
from domain.identity.mailing import LinkPolicy
from domain.sessions.commands.sign_in import SignIn, SignInPolicy
from domain.sessions.errors import EmailNotVerified, SignInRefused
from tests.support.app import PASSWORD, App

ADA = SignUp(email="ada@example.com", password=PASSWORD)


@pytest.fixture
def strict() -> App:
    return App(sign_in=SignInPolicy(verified_only=True), links=LinkPolicy(per_hour=2))


async def test_the_link_of_the_sign_up_lets_people_in(strict: App) -> None:
    await strict.send(ADA)
    token = strict.mailed()
    with pytest.raises(EmailNotVerified):
        await strict.signed_in()

    await strict.send(VerifyEmail(token=strict.mailed()))

    assert token != strict.mailed()
    assert (await strict.signed_in()).access_token


async def test_who_is_refused_is_mailed_another_link_but_not_for_ever(strict: App) -> None:
    await strict.send(ADA)
    for _ in range(4):
        with pytest.raises(EmailNotVerified):
            await strict.signed_in()

    assert [job.payload["mail"] for job in strict.memory.jobs] == ["account_ready", "verification", "verification"]
    assert strict.audited[-1] == ("sessions.session.start", "sessions.email_not_verified")
    assert [fact.type for fact in strict.facts] == ["identity.user.created"]


async def test_p7_nobody_without_the_password_learns_of_it(strict: App) -> None:
    await strict.send(ADA)
    for email in ("ada@example.com", "eve@example.com"):
        with pytest.raises(SignInRefused):
            await strict.send(SignIn(email=email, password="not it at all, not it"))

    assert len(strict.memory.jobs) == 1


async def test_by_default_people_sign_in_before_they_have_proved_anything(app: App) -> None:
    await app.send(ADA)

    assert (await app.signed_in()).access_token
    assert app.mailed().startswith("gwv_")

"""What the pipeline does with every message."""

import pytest

from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.commands.sign_up import SignUp
from domain.identity.errors import EmailInvalid, PasswordTooWeak
from domain.identity.queries.list_users import ListUsers
from domain.kernel.errors import DomainError, Forbidden, InvalidToken, Overloaded, TooManyRequests, Unauthenticated
from domain.kernel.ids import UserId, uuid7
from domain.kernel.usecases import Command
from domain.sessions.commands.sign_in import SignIn, SignInPolicy
from domain.sessions.commands.sign_out import SignOut
from domain.sessions.errors import LoginMissing, SignInRefused
from tests.support.app import PASSWORD, App


async def test_remembers_who_was_refused_what(app: App) -> None:
    ada = await app.signed_up()
    tokens = await app.signed_in()
    stranger = UserId(uuid7())

    with pytest.raises(Forbidden):
        await app.send(DeactivateUser(user_id=stranger, expected_version=None), as_=tokens)

    entry = app.memory.audited[-1]
    assert (entry.action, entry.outcome) == ("identity.user.deactivate", "access.forbidden")
    assert (entry.actor, entry.target) == (f"user:{ada.id}", f"user:{stranger}")


async def test_keeps_nothing_about_callers_who_are_nobody(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in()
    await app.send(SignOut(), as_=tokens)
    before = len(app.memory.audited)

    with pytest.raises(Unauthenticated):
        await app.send(SignOut())
    with pytest.raises(InvalidToken):
        await app.send(SignOut(), as_=tokens)

    assert len(app.memory.audited) == before


async def test_refuses_a_query_that_needs_a_permission(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in()

    with pytest.raises(Forbidden):
        await app.send(ListUsers(), as_=tokens)


async def test_tells_how_every_recorded_use_case_ended(app: App) -> None:
    app.passwords.busy = True
    with pytest.raises(Overloaded):
        await app.send(SignUp(email="ada@example.com", password=PASSWORD))
    app.passwords.busy = False
    await app.signed_up()

    assert app.witnessed.ended == [("SignUp", "service.overloaded"), ("SignUp", "done")]


async def test_a_command_that_wrote_something_returns_a_token_and_a_query_none(app: App) -> None:
    made = await app.answer(SignUp(email="ada@example.com", password=PASSWORD))
    administrator = await app.administrator()
    asked = await app.answer(ListUsers(), as_=administrator)

    assert made.token is not None
    assert asked.token is None


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        (SignIn(password=PASSWORD), LoginMissing),
        (SignUp(email="nowhere", password=PASSWORD), EmailInvalid),
        (SignUp(email="ada@example.com", password="short"), PasswordTooWeak),
    ],
)
async def test_i12_lets_nobody_fill_the_trail_at_no_cost(
    app: App, message: Command[object], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        await app.send(message)

    assert app.audited == []


async def test_i12_lets_nobody_fill_the_trail_beyond_the_limit() -> None:
    app = App(sign_in=SignInPolicy(per_minute=1))
    message = SignIn(email="ada@example.com", password=PASSWORD)
    with pytest.raises(SignInRefused):
        await app.send(message)
    with pytest.raises(TooManyRequests):
        await app.send(message)

    assert app.audited == [("sessions.session.start", "sessions.sign_in_refused")]

"""Reading and changing profiles."""

from datetime import timedelta

import pytest

from domain.identity.commands.create_user import CreateUser
from domain.identity.commands.delete_user import DeleteUser
from domain.identity.commands.update_me import UpdateMe
from domain.identity.commands.update_user import UpdateUser
from domain.identity.errors import FullNameInvalid, UsernameInvalid, UsernameTaken, UserNotFound
from domain.identity.queries.get_me import GetMe
from domain.identity.queries.get_user import GetUser
from domain.identity.schemas import UserProfile
from domain.kernel.errors import Forbidden, InvalidToken, PreconditionFailed, Unauthenticated
from domain.kernel.ids import UserId, uuid7
from domain.kernel.tokens import Tokens
from tests.support.app import PASSWORD, App
from tests.support.memory.identity import CREDENTIALS


async def ada(app: App) -> tuple[UserProfile, Tokens]:
    """Return Ada, signed in."""
    user = await app.signed_up(username="ada", full_name="Ada")
    return user, await app.signed_in()


async def test_shows_oneself(app: App) -> None:
    user, mine = await ada(app)

    assert await app.send(GetMe(), as_=mine) == user


async def test_shows_who_is_superuser(app: App) -> None:
    assert (await app.send(GetMe(), as_=await app.administrator())).is_superuser


async def test_shows_nobody_once_they_are_deleted(app: App) -> None:
    root = await app.administrator()
    user, mine = await ada(app)
    await app.send(DeleteUser(user_id=user.id), as_=root)

    with pytest.raises(InvalidToken):
        await app.send(GetMe(), as_=mine)
    with pytest.raises(UserNotFound):
        await app.send(GetUser(user_id=user.id), as_=root)


async def test_an_administrator_sees_anybody(app: App) -> None:
    user = await app.signed_up()

    assert await app.send(GetUser(user_id=user.id), as_=await app.administrator()) == user


async def test_changes_what_is_sent_and_leaves_the_rest(app: App) -> None:
    user, mine = await ada(app)
    app.clock.pass_by(timedelta(seconds=1))

    changed = await app.send(UpdateMe(full_name="Ada Lovelace"), as_=mine)

    assert (changed.full_name, changed.username) == ("Ada Lovelace", "ada")
    assert (changed.version, changed.updated_at, changed.created_at) == (2, app.clock.now(), user.created_at)
    assert await app.send(GetMe(), as_=mine) == changed


async def test_null_empties(app: App) -> None:
    _, mine = await ada(app)

    changed = await app.send(UpdateMe(full_name=None, username=None), as_=mine)

    assert (changed.full_name, changed.username) == (None, None)


async def test_announces_what_the_profile_is_now(app: App) -> None:
    user, mine = await ada(app)

    await app.send(UpdateMe(username="Lovelace"), as_=mine)

    fact = app.facts[-1]
    assert (fact.type, fact.aggregate_id, fact.aggregate_version) == ("identity.user.updated", user.id, 2)
    assert (fact.data["username"], fact.data["full_name"]) == ("lovelace", "Ada")
    assert app.audited[-1] == ("identity.user.update_profile", "done")


@pytest.mark.parametrize(
    "message", [UpdateMe(), UpdateMe(full_name="Ada"), UpdateMe(full_name=" Ada ", username="ADA")]
)
async def test_announces_no_change_that_changes_nothing(app: App, message: UpdateMe) -> None:
    user, mine = await ada(app)
    facts = list(app.facts)
    app.clock.pass_by(timedelta(seconds=1))

    assert await app.send(message, as_=mine) == user
    assert app.facts == facts


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        (UpdateMe(full_name=" "), FullNameInvalid),
        (UpdateMe(full_name="A\u0000"), FullNameInvalid),
        (UpdateMe(username="a b"), UsernameInvalid),
        (UpdateMe(username="Eve"), UsernameTaken),
        (UpdateMe(full_name="Ada Lovelace", expected_version=2), PreconditionFailed),
        (UpdateMe(full_name="Ada Lovelace", expected_version=0), PreconditionFailed),
    ],
)
async def test_keeps_the_profile_when_it_refuses(app: App, message: UpdateMe, refusal: type[Exception]) -> None:
    await app.signed_up("eve@example.com", username="eve")
    user, mine = await ada(app)
    facts = list(app.facts)

    with pytest.raises(refusal):
        await app.send(message, as_=mine)

    assert await app.send(GetMe(), as_=mine) == user
    assert app.facts == facts


async def test_of_two_who_read_the_same_version_one_is_refused(app: App) -> None:
    _, mine = await ada(app)
    await app.send(UpdateMe(full_name="One", expected_version=1), as_=mine)

    with pytest.raises(PreconditionFailed):
        await app.send(UpdateMe(full_name="Two", expected_version=1), as_=mine)

    assert (await app.send(UpdateMe(full_name="Two", expected_version=2), as_=mine)).version == 3


async def test_i14_repeats_the_answer_under_one_idempotency_key(app: App) -> None:
    _, mine = await ada(app)
    message = UpdateMe(full_name="One", expected_version=1)
    first = await app.answer(message, as_=mine, key="k")

    again = await app.answer(message, as_=mine, key="k")

    assert again.replayed
    assert again.result == first.result


async def test_i14_keys_of_two_people_are_apart(app: App) -> None:
    await app.signed_up("eve@example.com")
    _, mine = await ada(app)
    await app.answer(UpdateMe(full_name="One"), as_=mine, key="k")

    answer = await app.answer(UpdateMe(full_name="One"), as_=await app.signed_in("eve@example.com"), key="k")

    assert not answer.replayed
    assert answer.result.email == "eve@example.com"


async def test_an_administrator_changes_anybody(app: App) -> None:
    user = await app.signed_up()

    changed = await app.send(UpdateUser(user_id=user.id, full_name="Ada"), as_=await app.administrator())

    assert (changed.id, changed.full_name, changed.version) == (user.id, "Ada", 2)
    assert app.audited[-1] == ("identity.user.update", "done")


async def test_an_administrator_finds_nobody_who_is_not_there(app: App) -> None:
    with pytest.raises(UserNotFound):
        await app.send(UpdateUser(user_id=UserId(uuid7()), full_name="Ada"), as_=await app.administrator())


async def test_an_administrator_creates_accounts(app: App) -> None:
    root = await app.administrator()

    made = await app.send(
        CreateUser(email="New@Example.com", password=PASSWORD, username="New", email_verified=True), as_=root
    )

    assert (made.email, made.username, made.email_verified, made.is_superuser) == (
        "new@example.com",
        "new",
        True,
        False,
    )
    assert (app.facts[-1].type, app.facts[-1].data["email_verified"]) == ("identity.user.created", True)
    assert app.audited[-1] == ("identity.user.create", "done")
    assert await app.signed_in("new@example.com")


async def test_an_account_without_a_password_keeps_none(app: App) -> None:
    made = await app.send(CreateUser(email="bare@example.com"), as_=await app.administrator())

    assert made.id not in app.memory.table(CREDENTIALS)


@pytest.mark.parametrize(
    "message",
    [
        CreateUser(email="new@example.com"),
        GetUser(user_id=UserId(uuid7())),
        UpdateUser(user_id=UserId(uuid7()), full_name="Eve"),
    ],
)
async def test_is_for_administrators_only(app: App, message: CreateUser) -> None:
    _, mine = await ada(app)
    facts = list(app.facts)

    with pytest.raises(Forbidden):
        await app.send(message, as_=mine)
    with pytest.raises(Unauthenticated):
        await app.send(message)

    assert app.facts == facts


@pytest.mark.parametrize("message", [GetMe(), UpdateMe(full_name="Eve")])
async def test_needs_a_session(app: App, message: GetMe) -> None:
    with pytest.raises(Unauthenticated):
        await app.send(message)

"""Changing one's password."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from domain.identity.commands.change_password import CHANGES, ChangePassword
from domain.identity.commands.create_user import CreateUser
from domain.identity.commands.delete_user import DeleteUser
from domain.identity.commands.update_me import UpdateMe
from domain.identity.errors import PasswordTooWeak, PasswordWrong, UserNotFound
from domain.identity.mailing import NETWORKS, LinkPolicy
from domain.identity.models import User
from domain.identity.verification import FAILURES, PAUSE, SLOW
from domain.kernel.access import Origin
from domain.kernel.errors import ConcurrentChange, InvalidToken, Overloaded, TooManyRequests, Unauthenticated
from domain.kernel.revocation import RevocationScope
from domain.sessions.commands.dev_sign_in import DevSignIn
from domain.sessions.commands.refresh_session import RefreshSession
from domain.sessions.commands.sign_in import SignIn
from domain.sessions.errors import RefreshRefused, SignInRefused
from domain.sessions.queries.list_sessions import ListSessions
from tests.support.app import PASSWORD, App
from tests.support.attempts import fail
from tests.support.memory.identity import CREDENTIALS, USERS, PlainPasswords
from tests.support.memory.identity import FAILURES as COUNTED

NEW = "an entirely new password"
CHANGE = ChangePassword(current_password=PASSWORD, new_password=NEW)
GUESS = ChangePassword(current_password="not the password at all", new_password=NEW)
HERE, THERE = Origin("192.0.2.1"), Origin("198.51.100.1")


async def test_the_new_password_signs_in_and_the_old_one_does_not(app: App) -> None:
    await app.signed_up()

    await app.send(CHANGE, as_=await app.signed_in())

    assert await app.send(SignIn(email="ada@example.com", password=NEW))
    with pytest.raises(SignInRefused):
        await app.signed_in()


async def test_announces_it_and_tells_the_owner_by_mail(app: App) -> None:
    user = await app.signed_up()

    await app.send(CHANGE, as_=await app.signed_in())

    fact, begun = app.facts[-2:]
    assert begun.type == "sessions.session.started"
    assert (fact.type, fact.aggregate_id, fact.aggregate_version) == ("identity.user.password_changed", user.id, 2)
    assert [(job.payload["to"], job.payload["mail"]) for job in app.memory.jobs] == [
        ("ada@example.com", "password_changed")
    ]
    assert app.audited[-1] == ("identity.user.change_password", "done")


async def test_p11_s1_ends_all_sessions_and_starts_a_new_one(app: App) -> None:
    await app.signed_up()
    await app.signed_up("eve@example.com")
    mine, other, eve = await app.signed_in(), await app.signed_in(), await app.signed_in("eve@example.com")

    spare = await app.send(RefreshSession(refresh_token=mine.refresh_token))

    new = await app.send(CHANGE, as_=mine, origin=Origin("192.0.2.1", "Firefox"))

    ((scope, user_id),) = app.memory.revocations
    assert (scope, app.memory.revocations[scope, user_id].epoch) == (RevocationScope.USER, 2)
    assert [each["id"] for each in app.facts[-2].revokes or ()] == [user_id]
    for dead in (mine, spare, other):
        with pytest.raises(InvalidToken):
            await app.send(ListSessions(), as_=dead)
        with pytest.raises(RefreshRefused):
            await app.send(RefreshSession(refresh_token=dead.refresh_token))
    (shown,) = (await app.send(ListSessions(), as_=new)).items
    assert (shown.id, shown.factors, shown.address, shown.user_agent) == (
        new.session_id,
        ["pwd"],
        "192.0.2.1",
        "Firefox",
    )
    assert new.session_id not in (mine.session_id, other.session_id)
    assert await app.send(RefreshSession(refresh_token=new.refresh_token))
    assert await app.send(ListSessions(), as_=eve)


async def test_raises_the_epoch(app: App) -> None:
    user = await app.signed_up()

    await app.send(CHANGE, as_=await app.signed_in())

    kept: User = app.memory.table(USERS)[user.id]
    assert (kept.epoch, kept.updated_at, kept.version) == (2, app.clock.now(), 2)


async def test_p11_changes_nothing_without_the_current_password(app: App) -> None:
    user = await app.signed_up()
    mine = await app.signed_in()
    other = await app.signed_in()

    with pytest.raises(PasswordWrong):
        await app.send(GUESS, as_=mine)

    assert app.memory.table(USERS)[user.id].epoch == 1
    assert not app.memory.jobs
    assert await app.send(ListSessions(), as_=other)
    assert app.audited[-1] == ("identity.user.change_password", "identity.password_wrong")


async def test_e11_a_wrong_current_password_counts_as_a_failed_sign_in(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in(origin=THERE)
    for _ in range(SLOW):
        with pytest.raises(PasswordWrong):
            await app.send(GUESS, as_=mine, origin=HERE)

    with pytest.raises(PasswordWrong):
        await app.send(CHANGE, as_=mine, origin=HERE)
    with pytest.raises(SignInRefused):
        await app.signed_in(origin=HERE)

    await app.send(CHANGE, as_=mine, origin=THERE)


async def test_p9_p10_nothing_is_hashed_nor_counted_while_the_account_is_closed(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in(origin=THERE)
    await fail(app, FAILURES, HERE)
    hashed, counted = app.passwords.verified, dict(app.memory.table(COUNTED))

    for attempt in (GUESS, CHANGE):
        with pytest.raises(PasswordWrong):
            await app.send(attempt, as_=mine, origin=HERE)

    assert app.passwords.verified == hashed
    assert dict(app.memory.table(COUNTED)) == counted


async def test_i12_nobody_has_more_than_a_few_passwords_hashed_an_hour(app: App) -> None:
    await app.signed_up()
    await app.signed_up("eve@example.com")
    mine, eve = await app.signed_in(), await app.signed_in("eve@example.com")
    for number in range(CHANGES * NETWORKS):
        with pytest.raises(PasswordWrong):
            await app.send(GUESS, as_=mine, origin=Origin(f"203.0.{number}.1"))
    hashed = app.passwords.verified

    with pytest.raises(TooManyRequests):
        await app.send(CHANGE, as_=mine, origin=THERE)

    assert app.passwords.verified == hashed
    await app.send(CHANGE, as_=eve, origin=THERE)


async def test_p10_a_copy_of_the_session_elsewhere_does_not_keep_the_owner_from_changing_it(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in(origin=THERE)
    # The thief knows the password, or this ends sooner: what is refused during a pause is not counted.
    weak = ChangePassword(current_password=PASSWORD, new_password="short")
    for _ in range(CHANGES):
        with pytest.raises(PasswordTooWeak):
            await app.send(weak, as_=mine, origin=HERE)
    with pytest.raises(TooManyRequests):
        await app.send(weak, as_=mine, origin=HERE)

    assert await app.send(CHANGE, as_=mine, origin=THERE)


async def test_what_is_not_tried_takes_up_no_attempt(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in(origin=THERE)
    app.passwords.busy = True
    for _ in range(CHANGES + 1):
        with pytest.raises(Overloaded):
            await app.send(CHANGE, as_=mine, origin=THERE)
    app.passwords.busy = False
    await fail(app, FAILURES, THERE)
    for _ in range(CHANGES + 1):
        with pytest.raises(PasswordWrong):
            await app.send(CHANGE, as_=mine, origin=THERE)
    app.clock.pass_by(PAUSE)

    assert await app.send(CHANGE, as_=mine, origin=THERE)


async def test_i12_nor_has_one_site_with_many_accounts() -> None:
    app = App(links=LinkPolicy(attempts_per_minute=2))
    people = [f"{number}@example.com" for number in range(3)]
    for email in people:
        await app.signed_up(email)
    for email in people[:2]:
        await app.send(CHANGE, as_=await app.signed_in(email), origin=HERE)

    last = await app.signed_in(people[2])
    with pytest.raises(TooManyRequests):
        await app.send(CHANGE, as_=last, origin=HERE)
    await app.send(CHANGE, as_=last, origin=THERE)


async def test_e11_failed_sign_ins_close_it_too(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in()
    for _ in range(FAILURES):
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email="ada@example.com", password="wrong"), origin=HERE)

    with pytest.raises(PasswordWrong):
        await app.send(CHANGE, as_=mine, origin=HERE)


@pytest.mark.parametrize("new", ["short", "ADA@example.com", "Ada-Lovelace-King"])
async def test_refuses_a_weak_password(app: App, new: str) -> None:
    await app.signed_up(username="ada-lovelace-king")
    mine = await app.signed_in()

    with pytest.raises(PasswordTooWeak):
        await app.send(ChangePassword(current_password=PASSWORD, new_password=new), as_=mine)

    assert await app.signed_in()


async def test_does_not_judge_a_new_password_before_the_current_one_is_proved(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in()

    with pytest.raises(PasswordWrong):
        await app.send(ChangePassword(current_password="wrong", new_password="short"), as_=mine)


async def test_changes_nothing_when_hashing_is_refused(app: App) -> None:
    user = await app.signed_up()
    mine = await app.signed_in()
    app.passwords.busy = True

    with pytest.raises(Overloaded):
        await app.send(CHANGE, as_=mine)

    assert app.memory.table(USERS)[user.id].epoch == 1


async def test_refuses_whoever_has_no_password(app: App) -> None:
    root = await app.administrator()
    await app.send(CreateUser(email="bare@example.com"), as_=root)
    mine = await app.send(DevSignIn(email="bare@example.com"))

    with pytest.raises(PasswordWrong):
        await app.send(CHANGE, as_=mine)


async def test_needs_a_session(app: App) -> None:
    with pytest.raises(Unauthenticated):
        await app.send(CHANGE)


@dataclass
class Overtaken(PlainPasswords):
    """Lets something happen while the new password is hashed."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def hash(self, password: str) -> str:
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        return await PlainPasswords.hash(self, password)


@dataclass
class Outguessed(PlainPasswords):
    """Lets something happen while the current password is verified."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def verify(self, kept: str | None, password: str) -> bool:
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        return await PlainPasswords.verify(self, kept, password)


async def test_e11_judges_what_was_guessed_at_once_by_what_failed_meanwhile() -> None:
    app = App(passwords=(passwords := Outguessed()))
    await app.signed_up()
    mine = await app.signed_in()

    async def others() -> None:
        for _ in range(SLOW):
            with pytest.raises(PasswordWrong):
                await app.send(GUESS, as_=mine)

    passwords.meanwhile = others
    with pytest.raises(PasswordWrong):
        await app.send(CHANGE, as_=mine)


async def test_refuses_a_second_change_at_the_same_time() -> None:
    app = App(passwords=(passwords := Overtaken()))
    user = await app.signed_up()
    mine = await app.signed_in()
    first = ChangePassword(current_password=PASSWORD, new_password="the password of the first")
    passwords.meanwhile = lambda: app.send(first, as_=mine)

    with pytest.raises(ConcurrentChange):
        await app.send(CHANGE, as_=mine)

    assert app.memory.table(CREDENTIALS)[user.id].password_hash.endswith("the password of the first")
    assert app.memory.table(USERS)[user.id].epoch == 2


async def test_a_change_of_profile_meanwhile_is_kept() -> None:
    app = App(passwords=(passwords := Overtaken()))
    user = await app.signed_up()
    mine = await app.signed_in()
    passwords.meanwhile = lambda: app.send(UpdateMe(full_name="Ada Lovelace"), as_=mine)

    await app.send(CHANGE, as_=mine)

    kept: User = app.memory.table(USERS)[user.id]
    assert (kept.full_name, kept.version) == ("Ada Lovelace", 3)


async def test_refuses_when_the_account_is_deleted_meanwhile() -> None:
    app = App(passwords=(passwords := Overtaken()))
    root = await app.administrator()
    user = await app.signed_up()
    mine = await app.signed_in()
    passwords.meanwhile = lambda: app.send(DeleteUser(user_id=user.id), as_=root)

    with pytest.raises(UserNotFound):
        await app.send(CHANGE, as_=mine)

    assert user.id not in app.memory.table(CREDENTIALS)

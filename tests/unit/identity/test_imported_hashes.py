"""People who come with the password hash of another system."""

from collections.abc import AsyncIterator

import bcrypt
import pytest

from core.hashing import HashingPool
from core.passwords import Argon2Passwords
from domain.identity.commands.change_password import ChangePassword
from domain.identity.commands.create_user import CreateUser
from domain.identity.errors import PasswordHashUnusable, TwoPasswords
from domain.sessions.commands.sign_in import SignIn
from domain.sessions.errors import SignInRefused
from tests.support.app import PASSWORD, App
from tests.support.memory.identity import CREDENTIALS

THEIRS = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
ADA = "ada@example.com"


@pytest.fixture
async def app() -> AsyncIterator[App]:
    pool = HashingPool(2, patience=60)
    yield App(passwords=Argon2Passwords(pool, memory=64, passes=1))  # type: ignore[arg-type]  # real hashes are the point
    pool.close()


async def test_e21_are_signed_in_and_hashed_anew_at_once(app: App) -> None:
    root = await app.administrator()
    ada = await app.send(CreateUser(email=ADA, password_hash=THEIRS), as_=root)
    assert THEIRS in app.memory.table(CREDENTIALS)[ada.id].password_hash

    for wrong in (PASSWORD + "x", "", THEIRS, f"imported:{THEIRS}"):
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email=ADA, password=wrong))
    assert THEIRS in app.memory.table(CREDENTIALS)[ada.id].password_hash
    await app.signed_in(ADA)

    renewed = app.memory.table(CREDENTIALS)[ada.id].password_hash
    assert renewed.startswith("$argon2id$")
    await app.signed_in(ADA)
    assert app.memory.table(CREDENTIALS)[ada.id].password_hash == renewed
    assert [fact.type for fact in app.facts if fact.aggregate_id == ada.id] == ["identity.user.created"]


async def test_e21_may_change_their_password(app: App) -> None:
    root = await app.administrator()
    await app.send(CreateUser(email=ADA, password_hash=THEIRS), as_=root)
    mine = await app.signed_in(ADA)
    await app.send(ChangePassword(current_password=PASSWORD, new_password=PASSWORD + " anew"), as_=mine)
    await app.send(SignIn(email=ADA, password=PASSWORD + " anew"))


async def test_f14_are_refused_a_password_that_their_hash_never_saw_in_full(app: App) -> None:
    root = await app.administrator()
    theirs = bcrypt.hashpw(b"A" * 72, bcrypt.gensalt(4)).decode()
    await app.send(CreateUser(email=ADA, password_hash=theirs), as_=root)
    with pytest.raises(SignInRefused):
        await app.send(SignIn(email=ADA, password="A" * 73))


@pytest.mark.parametrize(
    "text",
    ["x", "$2b$16$" + THEIRS[7:], THEIRS[:-1], "$argon2id$v=19$m=4194304,t=100,p=1$c2FsdHNhbHQ$eA"],
    ids=["no hash", "hostile bcrypt", "cut short", "hostile argon2"],
)
async def test_p15_malformed_and_hostile_hashes_make_no_account(app: App, text: str) -> None:
    root = await app.administrator()
    before = len(app.facts)
    with pytest.raises(PasswordHashUnusable):
        await app.send(CreateUser(email=ADA, password_hash=text), as_=root)
    assert len(app.facts) == before


async def test_a_password_and_a_hash_exclude_each_other(app: App) -> None:
    root = await app.administrator()
    with pytest.raises(TwoPasswords):
        await app.send(CreateUser(email=ADA, password=PASSWORD, password_hash=THEIRS), as_=root)

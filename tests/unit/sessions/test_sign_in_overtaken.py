"""What happens while somebody signs in."""

import pytest

from domain.identity.commands.change_password import ChangePassword
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.sessions.errors import SignInOvertaken, SignInRefused
from tests.support.app import PASSWORD, App
from tests.support.attempts import Overtaken
from tests.support.memory.identity import CREDENTIALS
from tests.support.memory.sessions import SESSIONS

NEW = "an entirely new password"


@pytest.mark.parametrize("newer", [0, 1])
async def test_leaves_nothing_when_the_password_is_changed_meanwhile(newer: int) -> None:
    app = App(passwords=(passwords := Overtaken()))
    user = await app.signed_up()
    mine = await app.signed_in()
    passwords.version += newer

    async def change() -> None:
        await app.send(ChangePassword(current_password=PASSWORD, new_password=NEW), as_=mine)

    passwords.meanwhile = change
    with pytest.raises(SignInRefused):
        await app.signed_in()

    assert [fact.type for fact in app.facts[-2:]] == ["identity.user.password_changed", "sessions.session.started"]
    begun = [session.id for session in app.memory.table(SESSIONS).values() if session.revoked_at is None]
    assert begun == [app.facts[-1].aggregate_id]
    assert len(app.memory.table(SESSIONS)) == 2
    assert app.memory.table(CREDENTIALS)[user.id].password_hash.endswith(NEW)
    assert app.audited[-1] == ("sessions.session.start", "sessions.sign_in_refused")


async def test_leaves_nothing_when_the_account_is_closed_meanwhile() -> None:
    app = App(passwords=(passwords := Overtaken()))
    root = await app.administrator()
    user = await app.signed_up()

    async def close() -> None:
        await app.send(DeactivateUser(user_id=user.id), as_=root)

    passwords.meanwhile = close
    with pytest.raises(SignInRefused):
        await app.signed_in()

    assert app.facts[-1].type == "identity.user.deactivated"


def test_says_no_more_when_it_was_overtaken() -> None:
    assert (SignInOvertaken.code, SignInOvertaken.__doc__) == (SignInRefused.code, SignInRefused.__doc__)

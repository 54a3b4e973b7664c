"""A device that somebody has signed in on is not locked by what others do elsewhere."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.device_tokens import LIFE, SignedDeviceTokens
from domain.identity.commands.change_password import ChangePassword
from domain.identity.commands.unlock_user import UnlockUser
from domain.identity.errors import UserNotFound
from domain.identity.ports import KnownDevice
from domain.identity.verification import FAILURES, MOST_FAILURES, PAUSE
from domain.kernel.access import Origin
from domain.kernel.errors import Forbidden
from domain.kernel.ids import UserId, uuid7
from domain.kernel.tokens import Tokens
from domain.sessions.commands.sign_in import SignIn
from domain.sessions.errors import SignInRefused
from tests.support.app import PASSWORD, App
from tests.support.attempts import HERE, THERE, fail


def on(tokens: Tokens, origin: Origin = HERE) -> Origin:
    """Return where somebody is who presents the device token of `tokens`."""
    assert tokens.device_token
    return replace(origin, device_token=tokens.device_token)


async def lock_everywhere(app: App) -> None:
    for number in range(MOST_FAILURES // FAILURES):
        await fail(app, FAILURES, Origin(f"203.0.{number}.1"))


async def test_p10_nobody_can_lock_somebody_out_of_their_own_device(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in(origin=HERE)
    await fail(app, FAILURES, HERE)
    await lock_everywhere(app)

    with pytest.raises(SignInRefused):
        await app.signed_in(origin=HERE)

    assert await app.signed_in(origin=on(tokens))
    assert await app.signed_in(origin=on(tokens, Origin("203.0.1.1")))


async def test_p9_a_device_has_no_more_guesses_than_a_network(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in(origin=HERE)
    await fail(app, FAILURES, on(tokens))

    # It is worth nothing now, and so the account-wide limit counts again.
    assert await app.signed_in(origin=on(tokens, THERE))
    await lock_everywhere(app)
    with pytest.raises(SignInRefused):
        await app.signed_in(origin=on(tokens, THERE))


async def test_p9_all_devices_together_have_no_more_guesses_than_one(app: App) -> None:
    await app.signed_up()
    first, second = [await app.signed_in(origin=Origin("203.0.113.1", f"app/{number}")) for number in range(2)]
    await fail(app, FAILURES, on(first, THERE))
    await fail(app, FAILURES, HERE)

    with pytest.raises(SignInRefused):
        await app.signed_in(origin=on(second, HERE))
    app.clock.pass_by(PAUSE)
    assert await app.signed_in(origin=on(second, HERE))


async def test_p9_p11_a_device_that_knew_the_password_before_is_known_no_more(app: App) -> None:
    await app.signed_up()
    thief, mine = await app.signed_in(origin=THERE), await app.signed_in(origin=HERE)
    new = "an entirely new password"
    changed = await app.send(ChangePassword(current_password=PASSWORD, new_password=new), as_=mine)
    again = await app.send(SignIn(email="ada@example.com", password=new), origin=HERE)
    await lock_everywhere(app)

    for old in (thief, mine):
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email="ada@example.com", password=new), origin=on(old))
    for known in (changed, again):
        assert await app.send(SignIn(email="ada@example.com", password=new), origin=on(known))


async def test_p9_guesses_on_a_device_count_against_the_account(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in(origin=HERE)
    await fail(app, FAILURES, on(tokens))
    for number in range(MOST_FAILURES // FAILURES - 1):
        await fail(app, FAILURES, Origin(f"203.0.{number}.1"))

    with pytest.raises(SignInRefused):
        await app.signed_in(origin=THERE)


async def test_p9_the_device_of_one_opens_no_account_of_another(app: App) -> None:
    await app.signed_up()
    await app.signed_up("eve@example.com")
    eve = await app.signed_in("eve@example.com", origin=HERE)
    await fail(app, FAILURES, HERE)

    with pytest.raises(SignInRefused):
        await app.signed_in(origin=on(eve))
    await fail(app, FAILURES, on(eve, THERE))
    with pytest.raises(SignInRefused):
        await app.signed_in(origin=THERE)


@pytest.mark.parametrize("text", ["", "gwd_", "gwd_" + "A" * 59, "gwd_" + "\u00e9" * 59, "gwd_" + "A" * 70, "x" * 5000])
async def test_p9_what_is_no_device_token_opens_nothing(app: App, text: str) -> None:
    await app.signed_up()
    await fail(app, FAILURES, HERE)

    with pytest.raises(SignInRefused):
        await app.signed_in(origin=replace(HERE, device_token=text))
    assert await app.signed_in(origin=replace(THERE, device_token=text))


async def test_a_device_stays_the_same_as_long_as_it_is_used(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in(origin=HERE)
    app.clock.pass_by(LIFE - timedelta(days=1))
    again = await app.signed_in(origin=on(tokens))
    app.clock.pass_by(timedelta(days=2))
    await fail(app, FAILURES, HERE)

    with pytest.raises(SignInRefused):
        await app.signed_in(origin=on(tokens))
    assert await app.signed_in(origin=on(again))


def test_device_tokens_outlive_a_change_of_the_secret_and_no_change_of_themselves(app: App) -> None:
    now, device = app.clock.now(), KnownDevice(UserId(uuid7()), 7)
    old, new = SignedDeviceTokens({1: b"old"}), SignedDeviceTokens({2: b"new", 1: b"old"})
    token = old.make(device, now)

    assert new.read(token, now) == device
    assert old.read(new.make(device, now), now) is None
    for place in range(len("gwd_"), len(token)):
        changed = "A" if token[place] != "A" else "B"
        assert new.read(token[:place] + changed + token[place + 1 :], now) is None


async def test_p10_administrators_open_an_account(app: App) -> None:
    root = await app.administrator()
    ada = await app.signed_up()
    await fail(app, FAILURES, HERE)
    await lock_everywhere(app)
    with pytest.raises(Forbidden):
        await app.send(UnlockUser(user_id=ada.id), as_=await _somebody(app))
    with pytest.raises(SignInRefused):
        await app.signed_in(origin=HERE)

    await app.send(UnlockUser(user_id=ada.id), as_=root)

    assert await app.signed_in(origin=HERE)
    with pytest.raises(UserNotFound):
        await app.send(UnlockUser(user_id=UserId(uuid7())), as_=root)


async def _somebody(app: App) -> Tokens:
    await app.signed_up("eve@example.com")
    return await app.signed_in("eve@example.com")


async def test_a_lock_ends_for_a_device_too(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in(origin=HERE)
    await fail(app, FAILURES, on(tokens))
    await lock_everywhere(app)
    app.clock.pass_by(PAUSE)

    assert await app.signed_in(origin=on(tokens))

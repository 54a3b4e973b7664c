"""Closing an account to whoever guesses."""

from asyncio import Barrier, gather
from datetime import timedelta
from uuid import UUID

import pytest

from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.verification import FAILURES, MOST_FAILURES, NOBODIES, PAUSE, SLOW, delay
from domain.kernel.access import Origin
from domain.kernel.errors import Overloaded
from domain.sessions.commands.sign_in import SignIn
from domain.sessions.errors import SignInRefused
from tests.support.app import App
from tests.support.attempts import HERE, THERE, WRONG, Overtaken, Together, fail
from tests.support.memory.identity import FAILURES as COUNTED


async def test_p8_e10_writes_as_much_for_whoever_does_not_exist(app: App) -> None:
    root = await app.administrator()
    await app.signed_up()
    dead = await app.signed_up("dead@example.com")
    await app.send(DeactivateUser(user_id=dead.id), as_=root)
    closed = await app.signed_up("closed@example.com")
    for _ in range(FAILURES):
        app.clock.pass_by(delay(FAILURES))
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email=closed.email, password=WRONG))

    written = {}
    for name in ("ada", "nobody", "dead", "closed"):
        before = dict(app.memory.table(COUNTED))
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email=f"{name}@example.com", password=WRONG))
        after = app.memory.table(COUNTED)
        written[name] = sum(before.get(account) != count for account, count in after.items())

    assert written == dict.fromkeys(written, 2)


async def test_p8_strangers_do_not_make_the_counters_grow_without_end(app: App) -> None:
    for number in range(50):
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email=f"{number}@example.com", password=WRONG), origin=Origin(f"203.0.{number}.1"))

    accounts = app.memory.table(COUNTED)
    assert {account.partition("@")[2] for account in accounts} == {"*", "nowhere"}
    assert all(UUID(account.partition("@")[0]).int < NOBODIES for account in accounts)


async def test_e11_closes_the_account_to_a_network_after_too_many_failures(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES)

    for neighbour in (HERE, Origin("192.0.2.250")):
        with pytest.raises(SignInRefused):
            await app.signed_in(origin=neighbour)

    assert await app.signed_in(origin=THERE)


async def test_e11_does_not_close_it_one_failure_earlier(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES - 1)
    app.clock.pass_by(delay(FAILURES - 1))

    assert await app.signed_in(origin=HERE)


async def test_p9_after_five_failures_each_next_guess_has_to_wait_longer(app: App) -> None:
    await app.signed_up()
    await fail(app, SLOW)
    for failures in range(SLOW, FAILURES):
        wait = timedelta(seconds=[1, 2, 4, 8, 16][failures - SLOW])
        app.clock.pass_by(wait - timedelta(milliseconds=1))
        for _ in range(3):  # answered like every other, and counted as nobody's
            with pytest.raises(SignInRefused):
                await app.signed_in(origin=HERE)
        assert await app.signed_in(origin=THERE)
        app.clock.pass_by(timedelta(milliseconds=1))
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email="ada@example.com", password=WRONG), origin=HERE)

    app.clock.pass_by(PAUSE - timedelta(seconds=1))
    with pytest.raises(SignInRefused):
        await app.signed_in(origin=HERE)


async def test_e11_opens_it_again_after_a_while(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES)

    app.clock.pass_by(PAUSE - timedelta(seconds=1))
    with pytest.raises(SignInRefused):
        await app.signed_in(origin=HERE)
    app.clock.pass_by(timedelta(seconds=1))

    assert await app.signed_in(origin=HERE)


async def test_e11_opens_it_to_a_network_however_others_go_on_failing(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES)
    app.clock.pass_by(PAUSE - timedelta(seconds=1))
    await fail(app, 1, THERE)
    app.clock.pass_by(timedelta(seconds=1))

    assert await app.signed_in(origin=HERE)


async def test_e11_closes_it_to_everybody_after_very_many_failures(app: App) -> None:
    await app.signed_up()
    for number in range(MOST_FAILURES // FAILURES):
        await fail(app, FAILURES, Origin(f"203.0.{number}.1"))

    with pytest.raises(SignInRefused):
        await app.signed_in(origin=THERE)
    app.clock.pass_by(PAUSE)

    assert await app.signed_in(origin=THERE)


async def test_p10_one_failure_now_and_then_does_not_keep_it_closed_to_everybody(app: App) -> None:
    await app.signed_up()
    for number in range(MOST_FAILURES // FAILURES):
        await fail(app, FAILURES, Origin(f"203.0.{number}.1"))
    app.clock.pass_by(PAUSE)
    await fail(app, 1, Origin("203.0.200.1"))

    assert await app.signed_in(origin=THERE)


async def test_e11_treats_an_ipv6_prefix_as_one_network(app: App) -> None:
    await app.signed_up()
    for number in range(FAILURES):
        app.clock.pass_by(delay(FAILURES))
        await fail(app, 1, Origin(f"2001:db8:1:{number}::1"))

    with pytest.raises(SignInRefused):
        await app.signed_in(origin=Origin("2001:db8:1:ffff::1"))

    assert await app.signed_in(origin=Origin("2001:db8:2::1"))


async def test_e11_counts_failures_in_a_row(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES - 1)
    app.clock.pass_by(delay(FAILURES - 1))
    await app.signed_in(origin=HERE)
    await fail(app, FAILURES - 1)
    app.clock.pass_by(delay(FAILURES - 1))

    assert await app.signed_in(origin=HERE)


async def test_e11_a_success_elsewhere_does_not_help_whoever_guesses(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES)
    await app.signed_in(origin=THERE)

    with pytest.raises(SignInRefused):
        await app.signed_in(origin=HERE)


async def test_counts_no_failure_when_hashing_is_refused(app: App) -> None:
    await app.signed_up()
    app.passwords.busy = True
    for _ in range(FAILURES):
        with pytest.raises(Overloaded):
            await app.signed_in(origin=HERE)
    app.passwords.busy = False

    assert await app.signed_in(origin=HERE)


async def test_e11_judges_what_was_guessed_at_once_by_what_failed_meanwhile() -> None:
    app = App(passwords=(passwords := Overtaken()))
    await app.signed_up()

    async def others() -> None:
        await fail(app, FAILURES)

    passwords.meanwhile = others
    with pytest.raises(SignInRefused):
        await app.signed_in(origin=HERE)


async def test_e11_p10_one_network_closes_no_account_to_others_however_many_it_guesses_at_once() -> None:
    app = App(passwords=(passwords := Together()))
    ada = await app.signed_up()
    passwords.gate = Barrier(MOST_FAILURES)

    async def guess() -> None:
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email="ada@example.com", password=WRONG), origin=HERE)

    await gather(*(guess() for _ in range(MOST_FAILURES)))

    passwords.gate = None
    assert app.memory.table(COUNTED)[f"{ada.id}@*"][0] <= FAILURES
    assert await app.signed_in(origin=THERE)


async def test_e11_a_network_has_another_ten_once_somebody_there_signed_in_though_others_did_before(app: App) -> None:
    await app.signed_up()
    await fail(app, FAILURES - 1)
    await app.signed_in(origin=THERE)  # ends the row of all
    app.clock.pass_by(delay(FAILURES - 1))
    await app.signed_in(origin=HERE)

    await fail(app, SLOW - 1)

    assert await app.signed_in(origin=HERE)

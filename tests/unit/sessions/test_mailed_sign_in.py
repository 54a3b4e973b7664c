"""Signing in with a code that was mailed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.identity.commands.change_password import ChangePassword
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.commands.request_email_verification import RequestEmailVerification
from domain.identity.commands.verify_email import VerifyEmail
from domain.identity.mail_proofs import TRIES
from domain.identity.mailing import LinkPolicy
from domain.identity.queries.get_me import GetMe
from domain.identity.verification import FAILURES, MOST_FAILURES, PAUSE, delay
from domain.kernel.access import Origin
from domain.kernel.errors import TooManyRequests, Unauthenticated
from domain.kernel.tokens import Tokens
from domain.sessions.commands.finish_mailed_sign_in import FinishMailedSignIn
from domain.sessions.commands.request_mailed_sign_in import RequestMailedSignIn
from domain.sessions.errors import SignInRefused
from tests.support.app import PASSWORD, App
from tests.support.attempts import HERE, THERE, fail
from tests.support.memory.identity import FAILURES as COUNTED

ADA = "ada@example.com"


def mails(app: App) -> list[str]:
    return [job.payload["text"] for job in app.memory.jobs if job.payload.get("mail") == "sign_in"]


async def asked(app: App, email: str = ADA) -> str:
    """Ask for a code; return the challenge."""
    challenge = (await app.send(RequestMailedSignIn(email=email))).challenge
    await app.mail_codes()
    return challenge


def code(app: App) -> str:
    """Return the code in the last mail."""
    return mails(app)[-1].partition("&code=")[2].split()[0]


async def finish(app: App, challenge: str, text: str, origin: Origin = HERE) -> Tokens:
    return await app.send(FinishMailedSignIn(challenge=challenge, code=text), origin=origin)


async def refused(app: App, challenge: str, text: str) -> None:
    with pytest.raises(SignInRefused):
        await finish(app, challenge, text)


async def test_a_code_signs_in_once_and_proves_the_address(app: App) -> None:
    await app.signed_up()
    challenge = await asked(app)

    tokens = await finish(app, challenge, code(app))

    me = await app.send(GetMe(), as_=tokens)
    assert (me.email, me.email_verified) == (ADA, True)
    assert tokens.device_token
    await refused(app, challenge, code(app))


async def test_whoever_proves_the_address_takes_the_account_from_those_who_did_not(app: App) -> None:
    await app.signed_up()
    squatter = await app.signed_in()

    tokens = await finish(app, await asked(app), code(app))

    with pytest.raises(Unauthenticated):
        await app.send(GetMe(), as_=squatter)
    with pytest.raises(SignInRefused):
        await app.signed_in()
    assert (await app.send(GetMe(), as_=tokens)).email_verified
    assert [fact.type for fact in app.facts if fact.aggregate_type == "user"] == [
        "identity.user.created", "identity.user.updated", "identity.user.password_voided",
    ]  # fmt: skip
    assert "password_voided" in [job.payload.get("mail") for job in app.memory.jobs]


async def test_a_password_that_was_chosen_by_whoever_has_the_address_stays(app: App) -> None:
    await app.signed_up()
    await app.send(RequestEmailVerification(), as_=await app.signed_in())
    await app.send(VerifyEmail(token=app.mailed()))

    await finish(app, await asked(app), code(app))

    assert await app.signed_in()


async def test_p12_t3_neither_half_signs_in(app: App) -> None:
    await app.signed_up()
    await app.signed_up("eve@example.com")
    challenge = await asked(app)
    right = code(app)
    other = await asked(app, "eve@example.com")

    for first, second in (
        (other, right), (challenge, code(app)), (challenge, ""), (challenge, challenge), (right, right),
        ("gwm_" + "A" * 43, right), (challenge[:-1], right), ("gwr_" + challenge[4:], right), (challenge, right + "0"),
    ):  # fmt: skip
        await refused(app, first, second or "x")


async def test_p12_it_ends_after_a_while_and_with_the_next(app: App) -> None:
    await app.signed_up()
    first = await asked(app)
    first_code = code(app)
    second = await asked(app)
    await refused(app, first, first_code)
    app.clock.pass_by(LinkPolicy().sign_in_life + timedelta(seconds=1))

    await refused(app, second, code(app))


async def test_p9_five_codes_may_be_tried_and_count_against_the_account(app: App) -> None:
    await app.signed_up()
    challenge = await asked(app)
    right = code(app)
    wrong = "00000000" if right != "00000000" else "00000001"
    for _ in range(TRIES):
        await refused(app, challenge, wrong)
    app.clock.pass_by(delay(TRIES))

    await refused(app, challenge, right)

    # The next one is as good as ever, until there were too many in all.
    assert await finish(app, await asked(app), code(app))
    for number in range(MOST_FAILURES // FAILURES):
        await fail(app, FAILURES, Origin(f"203.0.{number}.1"))
    await refused(app, await asked(app), code(app))


async def test_p7_the_answer_is_the_same_for_everybody_and_only_some_are_mailed(app: App) -> None:
    root = await app.administrator()
    gone = await app.signed_up("gone@example.com")
    await app.send(DeactivateUser(user_id=gone.id), as_=root)
    for email in ("nobody@example.com", gone.email):
        challenge = await asked(app, email)
        assert challenge.startswith("gwm_")
        await refused(app, challenge, "12345678")

    assert mails(app) == []


async def test_s7_whoever_is_deactivated_meanwhile_is_not_signed_in(app: App) -> None:
    root = await app.administrator()
    ada = await app.signed_up()
    challenge = await asked(app)
    await app.send(DeactivateUser(user_id=ada.id), as_=root)

    await refused(app, challenge, code(app))


async def test_a_new_password_takes_back_what_was_mailed(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in()
    challenge = await asked(app)
    change = ChangePassword(current_password=PASSWORD, new_password="another one, as good as that")
    await app.send(change, as_=tokens)

    await refused(app, challenge, code(app))


async def test_i12_nobodys_mailbox_is_filled(app: App) -> None:
    await app.signed_up()
    challenges = {await asked(app) for _ in range(LinkPolicy().per_hour + 3)}

    assert len(mails(app)) == LinkPolicy().per_hour
    assert len(challenges) == LinkPolicy().per_hour + 3


async def test_p10_i12_one_network_uses_up_no_codes_for_the_others(app: App) -> None:
    await app.signed_up()
    for _ in range(LinkPolicy().per_hour + 1):
        await asked(app)

    challenge = (await app.send(RequestMailedSignIn(email=ADA), origin=THERE)).challenge
    await app.mail_codes()

    assert len(mails(app)) == LinkPolicy().per_hour + 1
    assert await finish(app, challenge, code(app), THERE)


async def test_i12_whoever_asks_and_whoever_tries_is_limited() -> None:
    app = App(links=LinkPolicy(attempts_per_minute=2))
    for number in range(2):
        await app.send(RequestMailedSignIn(email=f"{number}@example.com"), origin=HERE)
        with pytest.raises(SignInRefused):
            await finish(app, "gwm_x", "1")

    with pytest.raises(TooManyRequests):
        await app.send(RequestMailedSignIn(email=ADA), origin=HERE)
    with pytest.raises(TooManyRequests):
        await finish(app, "gwm_x", "1")
    assert (await app.send(RequestMailedSignIn(email=ADA), origin=THERE)).challenge


async def test_a_known_device_stays_known(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in(origin=HERE)

    await finish(app, await asked(app), code(app), replace(THERE, device_token=tokens.device_token))

    assert not [job for job in app.memory.jobs if job.payload.get("mail") == "new_device"]


async def test_p10_nobody_can_lock_somebody_out_of_their_own_device(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in(origin=HERE)
    for number in range(MOST_FAILURES // FAILURES):
        await fail(app, FAILURES, Origin(f"203.0.{number}.1"))
    challenge = await asked(app)
    await refused(app, challenge, code(app))

    assert await finish(app, challenge, code(app), replace(THERE, device_token=tokens.device_token))


async def test_p10_wrong_codes_for_one_challenge_close_the_account_to_nobody(app: App) -> None:
    await app.signed_up()
    challenge = await asked(app)
    wrong = "00000000" if code(app) != "00000000" else "00000001"
    for _ in range(MOST_FAILURES + 1):
        app.clock.pass_by(timedelta(seconds=5))
        await refused(app, challenge, wrong)

    assert await app.signed_in(origin=THERE)


async def test_p9_p10_wrong_codes_count_where_they_come_from_and_no_further_than_wrong_passwords(app: App) -> None:
    ada = await app.signed_up()
    for _ in range(LinkPolicy().per_hour):
        challenge = await asked(app)
        wrong = "00000000" if code(app) != "00000000" else "00000001"
        for _ in range(TRIES):
            app.clock.pass_by(delay(FAILURES - 1))
            await refused(app, challenge, wrong)
    judged = app.memory.table(COUNTED)

    assert (judged[f"{ada.id}@*"][0], judged[f"{ada.id}@{HERE.network}"][0]) == (FAILURES, FAILURES)
    with pytest.raises(SignInRefused):
        await app.signed_in(origin=HERE)
    await refused(app, challenge, code(app))
    assert await app.signed_in(origin=THERE)
    app.clock.pass_by(PAUSE)
    assert await app.signed_in(origin=HERE)


async def test_p9_codes_on_a_known_device_are_judged_by_what_failed_on_devices(app: App) -> None:
    await app.signed_up()
    device = (await app.signed_in(origin=HERE)).device_token
    await fail(app, FAILURES, HERE)
    # The password is void then, and who knew it is known no more.
    tokens = await finish(app, await asked(app), code(app), replace(HERE, device_token=device))
    await fail(app, FAILURES, HERE)
    challenge = await asked(app)
    with pytest.raises(SignInRefused):
        await finish(app, challenge, code(app), replace(HERE, device_token=device))

    mine = replace(HERE, device_token=tokens.device_token)
    for _ in range(TRIES):
        with pytest.raises(SignInRefused):
            await finish(app, await asked(app), "not a code", mine)
        app.clock.pass_by(timedelta(hours=1))
    assert await finish(app, await asked(app), code(app), mine)


async def test_p8_e10_writes_as_much_for_a_challenge_that_was_mailed_to_nobody(app: App) -> None:
    await app.signed_up()
    challenges = {"ada": await asked(app), "nobody": await asked(app, "nobody@example.com")}
    written: dict[str, list[int]] = {}
    for name, challenge in challenges.items():
        written[name] = []
        for number in range(TRIES + 2):
            app.clock.pass_by(delay(number + TRIES))
            before = dict(app.memory.table(COUNTED))
            await refused(app, challenge, "not a code")
            after = app.memory.table(COUNTED)
            written[name].append(sum(before.get(account) != count for account, count in after.items()))

    assert written == dict.fromkeys(written, [3] * (TRIES + 2))


async def test_t11_nothing_in_the_tables_signs_in(app: App) -> None:
    await app.signed_up()
    challenge = await asked(app)
    links = [link for link in app.memory.table("mailed_links").values() if link.purpose == "sign_in"]

    assert len(links) == 1
    assert challenge.encode() not in links[0].token_hash
    assert code(app) not in str(links)

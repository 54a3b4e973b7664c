"""Following revocations, and what becomes of tokens while they cannot be heard."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gatewright_verifier.access_tokens import AccessTokenVerifier, Policy
from gatewright_verifier.asking import NoAnswer
from gatewright_verifier.errors import InvalidToken, Unavailable
from gatewright_verifier.following import PATH
from gatewright_verifier.introspection import PATH as INTROSPECT
from gatewright_verifier.published_keys import PATH as KEYS
from issuing import CREDENTIAL, FakeIssuer
from minting import USER, claims, mint, private_jwk

FUTURE = 2.0**33


class Clock:
    """A clock that is moved, and that `time.monotonic` knows nothing of: as in a process that slept."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def heard(issuer: FakeIssuer, **more: Any) -> AsyncIterator[tuple[AccessTokenVerifier, Clock]]:
    """Lend a verifier that has heard once, and its clock."""
    clock = Clock()
    async with issuer.verifier(**{"bound": 2, **more}) as verifier:
        for part in (verifier.revocations, verifier.follower, verifier._introspection):
            part.monotonic = clock
        await verifier.keys.learn()
        await verifier.follower.pull()
        yield verifier, clock


async def refused(verifier: AccessTokenVerifier, token: str, by: type[Exception] = InvalidToken) -> None:
    with pytest.raises(by):
        await verifier.verify(token)


async def test_knows_what_was_revoked_before_it_started(issuer: FakeIssuer) -> None:
    token = mint()
    await issuer.revoke(scope="session", id=claims()["sid"], cutoff=FUTURE)
    async with heard(issuer) as (verifier, _):
        await refused(verifier, token)
        assert (await verifier.verify(mint(sid="01890a5d-2222-774b-bcce-b302099a8057"))).sub == USER


async def test_hears_at_once_while_it_waits(issuer: FakeIssuer) -> None:
    token = mint()
    async with issuer.verifier(bound=60) as verifier, verifier:
        await verifier.verify(token)
        await issuer.until_asked(PATH, 2)
        await issuer.revoke(scope="user", id=str(USER), epoch=8)
        await issuer.until_asked(PATH, 3)  # it has taken in the answer before it asks again
        await refused(verifier, token)
        await verifier.verify(mint(ep=8))
    assert issuer.asked[1:4] == ["/auth/revocations", f"{PATH}?after=log1.0&wait=15", f"{PATH}?after=log1.1&wait=15"]


async def test_asks_again_after_each_heartbeat(issuer: FakeIssuer) -> None:
    async with issuer.verifier(bound=2) as verifier, verifier:
        await issuer.until_asked(PATH, 4)
        async with asyncio.timeout(30):
            while not verifier.is_current:  # a machine that was held up has it ask once more
                await issuer.until_asked(PATH, issuer.count(PATH) + 1)
        await verifier.verify(mint())


async def test_is_current_for_the_bound_after_the_question_not_after_the_answer(issuer: FakeIssuer) -> None:
    async with heard(issuer) as (verifier, clock):
        issuer.open.clear()
        pull = asyncio.create_task(verifier.follower.pull())
        await issuer.until_asked(PATH, 2)
        clock.now += 1.4
        issuer.open.set()
        await pull
        clock.now = 1001.999
        await verifier.verify(mint())
        clock.now = 1002.0
        assert not verifier.is_current
        await refused(verifier, mint(), Unavailable)


async def test_fail_closed_refuses_past_the_bound_and_accepts_again(issuer: FakeIssuer) -> None:
    async with heard(issuer) as (verifier, clock):
        token = mint()
        await verifier.verify(token)
        clock.now += 2
        await refused(verifier, token, Unavailable)
        await refused(verifier, token[:-1])
        await verifier.follower.pull()
        await verifier.verify(token)


async def test_fail_open_accepts_all_but_what_is_known_to_be_revoked(issuer: FakeIssuer) -> None:
    async with heard(issuer, policy=Policy.FAIL_OPEN) as (verifier, clock):
        await issuer.revoke(scope="session", id=claims()["sid"], cutoff=FUTURE)
        await verifier.follower.pull()
        clock.now += 100_000
        await refused(verifier, mint())
        await verifier.verify(mint(sid="01890a5d-2222-774b-bcce-b302099a8057"))
        await refused(verifier, mint(exp=1))


async def test_introspect_asks_about_each_token_and_holds_the_answer_for_the_bound(issuer: FakeIssuer) -> None:
    async with heard(issuer, policy=Policy.INTROSPECT, credential=CREDENTIAL) as (verifier, clock):
        token = mint()
        await verifier.verify(token)
        assert issuer.count(INTROSPECT) == 0, "while it hears it asks nobody"
        clock.now += 2
        await asyncio.gather(*(verifier.verify(token) for _ in range(3)))
        await verifier.verify(token)
        asked = issuer.count(INTROSPECT)
        assert asked <= 3
        assert issuer.forms[0] == {"token": [token], "token_type_hint": ["access_token"]}
        assert issuer.given[-1]["authorization"] == f"Bearer {CREDENTIAL}"

        issuer.active = False
        clock.now += 1.999
        await verifier.verify(token)
        clock.now += 0.001
        await refused(verifier, token)
        await refused(verifier, "a.b.c")
        assert issuer.count(INTROSPECT) == asked + 1


@pytest.mark.parametrize("status", [401, 403, 500, 503])
async def test_introspect_refuses_for_the_time_being_without_an_answer(issuer: FakeIssuer, status: int) -> None:
    async with heard(issuer, policy=Policy.INTROSPECT) as (verifier, clock):
        clock.now += 2
        issuer.failing = status
        await refused(verifier, mint(), Unavailable)
        issuer.failing, issuer.body = None, b'{"active":"true"}'
        await refused(verifier, mint(), Unavailable)


async def test_introspection_has_a_deadline_of_its_own(issuer: FakeIssuer) -> None:
    async with heard(issuer, policy=Policy.INTROSPECT, patience=1) as (verifier, clock):
        clock.now += 2
        issuer.open.clear()
        outcome = await asyncio.gather(*(verifier.verify(mint()) for _ in range(100)), return_exceptions=True)
        assert {type(each) for each in outcome} == {Unavailable}
        assert max(issuer.at_once) == 32


async def test_a_token_that_is_revoked_while_the_issuer_is_asked_is_refused(issuer: FakeIssuer) -> None:
    async with heard(issuer, policy=Policy.INTROSPECT) as (verifier, clock):
        clock.now += 2
        issuer.open.clear()
        waiting = asyncio.create_task(verifier.verify(mint()))
        await issuer.until_asked(INTROSPECT)
        await issuer.revoke(scope="session", id=claims()["sid"], cutoff=FUTURE)
        issuer.open.set()
        await verifier.follower.pull()
        with pytest.raises(InvalidToken):
            await waiting


async def test_a_first_answer_that_took_its_time_is_asked_after_at_once(issuer: FakeIssuer) -> None:
    async with heard(issuer) as (verifier, clock):
        verifier.follower._cursor = None
        issuer.open.clear()
        pull = asyncio.create_task(verifier.follower.pull())
        await issuer.until_asked(PATH, 2)
        clock.now += 9
        issuer.open.set()
        await pull
        assert issuer.asked[-2:] == [PATH, f"{PATH}?after=log1.0"]
        await verifier.verify(mint())
        clock.now += 1.999
        await verifier.verify(mint())


async def test_starts_again_when_the_log_was_replaced(issuer: FakeIssuer) -> None:
    async with heard(issuer) as (verifier, _):
        issuer.log = "log2"
        await issuer.revoke(scope="session", id=claims()["sid"], cutoff=FUTURE)
        with pytest.raises(NoAnswer):
            await verifier.follower.pull()
        await verifier.follower.pull()
        await refused(verifier, mint())
    assert issuer.asked[-2:] == [f"{PATH}?after=log1.0", PATH]


BAD = {
    "nothing": b"",
    "no JSON": b"<html>",
    "no markers": b'{"next":"x"}',
    "a cut-off in words": b'{"markers":[{"scope":"user","id":"1","cutoff":"now"}],"next":"x"}',
    "a negative epoch": b'{"markers":[{"scope":"user","id":"1","epoch":-1}],"next":"x"}',
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
async def test_an_answer_that_cannot_be_read_is_none(issuer: FakeIssuer, body: bytes) -> None:
    async with heard(issuer) as (verifier, clock):
        issuer.body = body
        clock.now += 2
        with pytest.raises(NoAnswer):
            await verifier.follower.pull()
        assert not verifier.is_current


async def test_understands_markers_of_a_newer_release(issuer: FakeIssuer) -> None:
    await issuer.revoke(scope="device", id="1", cutoff=FUTURE, why="lost")
    async with heard(issuer) as (verifier, _):
        await verifier.verify(mint())


async def test_follows_through_an_outage_and_says_so_twice(
    issuer: FakeIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gatewright_verifier.following")
    async with issuer.verifier(bound=5) as verifier, verifier:
        issuer.failing = 503
        await issuer.until_asked(PATH, 5)
        issuer.failing = None
        await issuer.revoke(scope="session", id=claims()["sid"], cutoff=FUTURE)
        await issuer.until_asked(PATH, issuer.count(PATH) + 3)
        await refused(verifier, mint())
    said = [each.levelname for each in caplog.records if each.name == "gatewright_verifier.following"]
    assert said == ["WARNING", "INFO"]


async def test_says_what_its_credential_lacks(issuer: FakeIssuer) -> None:
    async with heard(issuer) as (verifier, _):
        for status, said in ((401, "expired"), (403, "revocations:read")):
            issuer.failing = status
            with pytest.raises(NoAnswer, match=said):
                await verifier.follower.pull()


async def test_asks_for_its_credential_before_each_question(issuer: FakeIssuer) -> None:
    made = iter(["one", "two"])

    async def credential() -> str:
        return next(made)

    async with heard(issuer, credential=credential) as (verifier, _):
        await verifier.follower.pull()
        with pytest.raises(NoAnswer, match="credential"):
            await verifier.follower.pull()
    assert [each.get("authorization") for each in issuer.given] == [None, "Bearer one", "Bearer two"]


async def test_starts_and_stops_without_an_issuer(issuer: FakeIssuer) -> None:
    issuer.failing = 503
    async with issuer.verifier() as verifier:
        async with asyncio.timeout(10), verifier.lifespan(None):
            assert not verifier.is_current
        assert all(task.done() for task in verifier._running)


async def test_whoever_cannot_connect_hears_nothing(unused_tcp_port: int) -> None:
    verifier = AccessTokenVerifier(f"http://127.0.0.1:{unused_tcp_port}", "x")
    with pytest.raises(NoAnswer):
        await verifier.follower.pull()
    await verifier.stop()


@pytest.mark.parametrize("bound", [0, -1, float("nan")])
def test_a_bound_is_a_time(bound: float) -> None:
    with pytest.raises(ValueError, match="bound"):
        AccessTokenVerifier("https://auth.example.com", "x", bound=bound)


async def test_a_credential_that_went_with_its_key_does_not_hide_that_the_key_is_gone(issuer: FakeIssuer) -> None:
    token = mint()
    async with issuer.verifier(policy=Policy.FAIL_OPEN, bound=0.2, credential=CREDENTIAL) as verifier:
        verifier.keys.cool_down = 0
        async with verifier:
            await verifier.verify(token)
            issuer.keys, issuer.dismisses = [private_jwk(kid="k2")], True
            await issuer.until_asked(KEYS, issuer.count(KEYS) + 2)
            await refused(verifier, token)

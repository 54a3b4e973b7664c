"""Fetching the keys that an issuer publishes."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from gatewright_verifier.errors import InvalidToken, Unavailable, UnknownKey
from gatewright_verifier.published_keys import MOST, PATH, PublishedKeys
from issuing import FakeIssuer
from minting import K1, KEYS, USER, b64, mint, private_jwk, public

CLOCK = [0.0]


@pytest.fixture
async def keys(issuer: FakeIssuer) -> AsyncIterator[PublishedKeys]:
    CLOCK[0] = 0.0
    async with issuer.reached() as reached:
        yield PublishedKeys(reached, monotonic=lambda: CLOCK[0])


async def test_learns_the_keys_once(keys: PublishedKeys, issuer: FakeIssuer) -> None:
    assert keys.find("k1") is None
    await asyncio.gather(*(keys.learn() for _ in range(50)))
    found = keys.find("k1")
    assert found is not None
    assert (found.sign, found.public) == (None, public(K1))
    assert issuer.asked == [PATH]


async def test_t6_whoever_makes_up_key_ids_starts_no_storm(issuer: FakeIssuer) -> None:
    _, _, rest = mint().partition(".")
    heads = [b64(json.dumps({"alg": "ES256", "kid": f"made up {n}", "typ": "at+jwt"}).encode()) for n in range(10_000)]
    async with issuer.verifier() as verifier:
        verifier.keys.monotonic = lambda: 1000.0
        await verifier.keys.learn()
        await verifier.follower.pull()
        refused = await asyncio.gather(*(verifier.verify(f"{head}.{rest}") for head in heads), return_exceptions=True)
        assert {type(each) for each in refused} == {UnknownKey}
        await verifier.verify(mint())
    assert issuer.count(PATH) == 1, "within the cool-down"


async def test_t6_many_who_come_with_an_unknown_key_wait_for_one_fetch(issuer: FakeIssuer) -> None:
    async with issuer.verifier() as verifier:
        await verifier.follower.pull()
        issuer.open.clear()
        waiting = [asyncio.create_task(verifier.verify(mint())) for _ in range(100)]
        await issuer.until_asked(PATH)
        issuer.open.set()
        assert {each.sub for each in await asyncio.gather(*waiting)} == {USER}
    assert issuer.count(PATH) == 1


async def test_t6_asks_again_for_an_unknown_key_once_the_cool_down_is_over(
    keys: PublishedKeys, issuer: FakeIssuer
) -> None:
    await keys.learn()
    issuer.keys = [K1, private_jwk(kid="k2")]
    CLOCK[0] = 9.9
    await keys.learn()
    assert keys.find("k2") is None
    CLOCK[0] = 10.0
    await asyncio.gather(*(keys.learn() for _ in range(50)))
    assert keys.find("k2") is not None
    assert len(issuer.asked) == 2


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_t6_keeps_what_it_has_when_the_issuer_fails(keys: PublishedKeys, issuer: FakeIssuer, status: int) -> None:
    await keys.learn()
    known, issuer.failing = keys.find("k1"), status
    issuer.more = [(b"location", b"https://evil.example.com/jwks.json")]
    CLOCK[0] = 100
    await keys.learn()
    assert keys.find("k1") is known
    assert len(issuer.asked) == 2


BAD = {
    "nothing": b"",
    "no JSON": b"<html>",
    "no set": b"[]",
    "a number": b'{"keys":1}',
    "deep": b"[" * 100_000,
    "not UTF-8": b'{"keys":[],"x":"\xff"}',
    "twice": b'{"keys":[],"keys":[]}',
    "too long": b'{"keys":[],"x":"' + b"x" * MOST + b'"}',
    "a secret": json.dumps({"keys": [public(K1), private_jwk("HS256")]}).encode(),
    "a private key": json.dumps({"keys": [private_jwk(kid="k1")]}).encode(),
    "two of one name": json.dumps({"keys": [public(K1), public(private_jwk(kid="k1"))]}).encode(),
    "too many": json.dumps({"keys": [public(private_jwk("EdDSA")) for _ in range(101)]}).encode(),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
async def test_f13_keeps_what_it_has_when_the_set_is_wrong(
    keys: PublishedKeys, issuer: FakeIssuer, body: bytes
) -> None:
    await keys.learn()
    known, issuer.body = keys.find("k1"), body
    CLOCK[0] = 100
    await keys.learn()
    assert keys.find("k1") is known


async def test_f13_leaves_out_keys_that_are_weak_or_of_no_use(keys: PublishedKeys, issuer: FakeIssuer) -> None:
    encryption, curve = public(private_jwk(kid="enc")) | {"use": "enc"}, public(private_jwk(kid="c")) | {"crv": "P-384"}
    strange = [{"kty": "AKP", "kid": "new"}, {"kty": 1}, {}, public(private_jwk(kid="k")) | {"kid": 5}]
    issuer.body = json.dumps({"keys": [encryption, curve, *strange, public(K1)]}).encode()
    await keys.learn()
    assert keys.find("k1") is not None
    assert [keys.find(kid) for kid in ("enc", "c", "new")] == [None] * 3


async def test_nobody_is_told_that_a_token_is_bad_before_keys_were_ever_had(issuer: FakeIssuer) -> None:
    issuer.failing = 503
    async with issuer.verifier() as verifier:
        with pytest.raises(Unavailable):
            await verifier.verify(mint())
        with pytest.raises(InvalidToken):
            await verifier.verify("garbage")


async def test_an_issuer_that_never_answers_is_given_up(keys: PublishedKeys, issuer: FakeIssuer) -> None:
    issuer.open.clear()
    keys.patience = 0.05
    with pytest.raises(Unavailable):
        await keys.learn()


async def test_fetches_nothing_that_it_has(keys: PublishedKeys, issuer: FakeIssuer) -> None:
    await keys.learn()
    known = keys.find("k1")
    CLOCK[0] = 100
    await keys.learn()
    assert keys.find("k1") is known
    assert "if-none-match" not in issuer.given[0]
    assert issuer.given[1]["if-none-match"]


async def test_t7_keys_that_stay_are_the_same_and_those_that_went_are_gone(
    keys: PublishedKeys, issuer: FakeIssuer
) -> None:
    issuer.keys = [K1, private_jwk("EdDSA", kid="k2"), private_jwk("RS256", kid="k3")]
    await keys.learn()
    known = [keys.find(kid) for kid in ("k1", "k2", "k3")]
    issuer.keys = [*issuer.keys[1:2], private_jwk("RS256", kid="k3")]
    CLOCK[0] = 100
    await keys.learn()
    assert keys.find("k1") is None
    assert keys.find("k2") is known[1]
    assert keys.find("k3") is not known[2]


async def test_t7_keys_rotate_under_load_without_a_failed_verification(issuer: FakeIssuer) -> None:
    signing, former = K1, None
    async with issuer.verifier() as verifier:
        verifier.keys.cool_down = 0
        await verifier.keys.learn()
        await verifier.follower.pull()
        rotating, rounds = True, [0] * 4

        async def load(client: int) -> None:
            while rotating:
                for key in filter(None, (signing, former)):
                    await verifier.verify(mint(key, kid=key["kid"]))
                rounds[client] += 1
                await asyncio.sleep(0)

        async def used() -> None:
            # Whoever had taken up a key before has used it when everybody has gone round twice.
            goals = [each + 2 for each in rounds]
            while any(each < goal for each, goal in zip(rounds, goals, strict=True)):
                assert not any(each.done() for each in clients)
                await asyncio.sleep(0)

        clients = [asyncio.create_task(load(number)) for number in range(4)]
        for number in range(10):
            upcoming = private_jwk(("ES256", "EdDSA")[number % 2], kid=f"r{number}")
            issuer.keys = [signing, upcoming]  # published first, and the one before last is gone
            await used()
            former, signing = signing, upcoming
            await used()
            former = None
            await used()
        rotating = False
        await asyncio.gather(*clients)
    assert issuer.count(PATH) == 11, "each key was learnt when it was first needed"


async def test_runs_on_whatever_happens(issuer: FakeIssuer) -> None:
    async with issuer.reached() as reached:
        keys = PublishedKeys(reached, every=0.002)
        await keys.learn()
        running = asyncio.create_task(keys.run())
        issuer.failing = 500
        await issuer.until_asked(PATH, 4)
        issuer.failing, issuer.keys = None, [private_jwk(kid="k9")]
        await issuer.until_asked(PATH, issuer.count(PATH) + 2)
        assert keys.find("k9") is not None
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_o18_a_published_set_has_no_secret() -> None:
    assert [key.sign for key in KEYS.keys.values()] == [None]

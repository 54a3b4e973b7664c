"""Signatures, spellings and keys in the manner of Project Wycheproof."""

import time

import pytest

from gatewright_verifier.claims import KIND
from gatewright_verifier.errors import InvalidToken
from gatewright_verifier.keys import KeySet
from minting import AUDIENCE, K1, KEYS, key_set, mint, published, verifier
from vectors import Vector, every, weak_keys

VECTORS = every()
WEAK = weak_keys()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_t2_e20_accepts_what_is_valid_and_nothing_else(vector: Vector) -> None:
    judge, text = verifier(key_set(vector.key)), vector.token.encode()
    began = time.thread_time()
    if vector.valid:
        assert judge.verify(text).who.aud == AUDIENCE
    else:
        with pytest.raises(InvalidToken):
            judge.verify(text)
    assert time.thread_time() - began < 0.05


@pytest.mark.parametrize("key", WEAK.values(), ids=WEAK)
def test_t2_f13_learns_no_key_that_is_weak_or_wrong(key: dict[str, str]) -> None:
    assert KeySet.read(published(key, K1)).keys.keys() == {"k1"}


KINDS = ["JWT", "id+jwt", "rt+jwt", "logout+jwt", "secevent+jwt", "reset+jwt", "invite+jwt", "mfa+jwt", "dpop+jwt",
         "oauth-authz-req+jwt", "application/at+jwt", "AT+JWT", "at+jwt ", "at+JWT", "", "at"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=ascii)
def test_t3_a_token_of_another_kind_is_none(kind: str) -> None:
    judge = verifier(KEYS)
    assert judge.verify(mint(headers={"typ": KIND}).encode())
    with pytest.raises(InvalidToken):
        judge.verify(mint(headers={"typ": kind}).encode())


@pytest.mark.parametrize(
    "audience", ["https://id.example.com", "web", "gatewright:reset", [], ["a", "b"], AUDIENCE + " "]
)
def test_t3_a_token_for_somebody_else_is_none(audience: str | list[str]) -> None:
    with pytest.raises(InvalidToken):
        verifier(KEYS).verify(mint(aud=audience).encode())


OPAQUE = ["gwr_" + "A" * 78, "gws_" + "A" * 43, "gwi_" + "A" * 43, "gwk_" + "A" * 60, "0" * 64, "gwr_a.b.c"]


@pytest.mark.parametrize("token", OPAQUE, ids=lambda token: token[:8])
def test_t4_an_opaque_token_is_no_access_token(token: str) -> None:
    with pytest.raises(InvalidToken):
        verifier(KEYS).verify(token.encode())

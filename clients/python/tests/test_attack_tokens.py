"""Attack tokens, and the tokens that must pass."""

import ast
import base64
import json
import re
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from attacks import GOOD, HEADER, PAYLOAD, body, every, head, signature, twin, with_claim
from gatewright_verifier.errors import InvalidToken
from gatewright_verifier.tokens import LONGEST
from issuing import FakeIssuer
from minting import AUDIENCE, ISSUER, KEYS, USER, b64, claims, key_set, mint, private_jwk, signed, verifier

VERIFIER = verifier(KEYS)
EVERY = every()
ROOT = Path(__file__).parents[3]
SOURCES = [ROOT / "clients" / "python" / "src", ROOT / "src"]
SECRET = re.compile(r"secret|signature|digest|proof|password|hash|mac$|token$")


def refuse(text: str) -> None:
    with pytest.raises(InvalidToken):
        VERIFIER.verify(text.encode("latin-1"))


def test_the_token_all_attacks_start_from_is_good() -> None:
    assert VERIFIER.verify(f"{head}.{body}.{signature}".encode()).who.sub == USER
    assert VERIFIER.verify(signed(HEADER, PAYLOAD).encode()).who.sub == USER
    assert VERIFIER.verify(with_claim("x", "[[1]]").encode()).who.sub == USER


@pytest.mark.parametrize("text", EVERY.values(), ids=EVERY)
def test_t1_e20_refuses_within_50_ms_of_processor_time(text: str) -> None:
    began = time.thread_time()
    refuse(text)
    assert time.thread_time() - began < 0.05


def test_t1_there_are_enough_of_them() -> None:
    assert len(EVERY) >= 150


def test_t1_refuses_a_shared_secret_as_a_key_pair() -> None:
    shared = private_jwk("HS256", kid="k1")
    shared_verifier = verifier(key_set(shared))
    assert shared_verifier.verify(mint(shared).encode()).who.sub == USER
    for text in (
        mint(),
        signed(GOOD | {"alg": "HS256"}, PAYLOAD),
        mint(shared)[:-1],
        mint(shared).rpartition(".")[0] + ".",
    ):
        with pytest.raises(InvalidToken):
            shared_verifier.verify(text.encode())


@pytest.mark.parametrize("text", ["4000000000", "4000000000.0", " 4000000000", "9e9"])
def test_f13_refuses_exp_as_text(text: str) -> None:
    refuse(with_claim("exp", json.dumps(text)))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_f13_refuses_a_payload_in_another_encoding(encoding: str) -> None:
    refuse(signed(HEADER, PAYLOAD.decode().encode(encoding)))


@pytest.mark.parametrize(
    "sub", ["", "\0", str(USER) + "\0", "\0" + str(USER), " ", str(USER).replace("-", "-\0", 1)], ids=ascii
)
def test_f13_refuses_an_empty_subject_and_nul(sub: str) -> None:
    refuse(signed(HEADER, claims(sub=sub)))


def test_f13_refuses_non_canonical_base64() -> None:
    assert base64.urlsafe_b64decode(twin + "==") == base64.urlsafe_b64decode(signature + "==")
    refuse(f"{head}.{body}.{twin}")


def test_f13_refuses_a_header_of_a_mebibyte_before_reading_it() -> None:
    text = (
        b64(json.dumps(GOOD | {"x": "x" * 2**20}).encode()).encode() + b"." + body.encode() + b"." + signature.encode()
    )
    tracemalloc.start()
    with pytest.raises(InvalidToken):
        VERIFIER.verify(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < LONGEST, "not even split: that would copy it"


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256", "HS256"])
def test_accepts_what_pyjwt_signs(algorithm: str) -> None:
    key = private_jwk(algorithm, kid="k1")
    token = verifier(key_set(key)).verify(mint(key, aud=["https://x.example.com", AUDIENCE], org=None).encode())
    assert (token.who.sub, token.who.org, token.epoch) == (USER, None, 7)


def test_accepts_claims_of_a_newer_release() -> None:
    assert VERIFIER.verify(mint(tenant={"id": 1}, scope="a b").encode()).who.sub == USER


def test_tolerates_clocks_that_run_a_little_ahead() -> None:
    assert VERIFIER.verify(mint(iat=int(time.time()) + 3).encode()).who.sub == USER


def test_i10_refusals_do_not_repeat_the_token() -> None:
    with pytest.raises(InvalidToken) as refusal:
        VERIFIER.verify(mint(sub="canary-subject").encode())
    assert str(refusal.value) == ""


@pytest.mark.parametrize(("issuer", "audience"), [("", AUDIENCE), (ISSUER, "")])
def test_t5_does_not_start_without_issuer_or_audience(issuer: str, audience: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        verifier(KEYS, issuer=issuer, audience=audience)


def test_t7_tokens_of_the_former_key_are_good_until_it_goes() -> None:
    old, new = private_jwk(kid="old"), private_jwk("EdDSA", kid="new")
    text = mint(old, kid="old").encode()

    assert verifier(key_set(new, old)).verify(text).who.sub == USER
    with pytest.raises(InvalidToken):
        verifier(key_set(new)).verify(text)


def test_t1_refuses_a_key_of_another_kind_under_the_same_id() -> None:
    other_kind = verifier(key_set(private_jwk("RS256", kid="k1")))
    with pytest.raises(InvalidToken):
        other_kind.verify(mint().encode())


async def test_t1_asks_nobody_but_the_issuer_and_it_but_once(issuer: FakeIssuer) -> None:
    async with issuer.verifier(bound=600) as judge:
        judge.keys.monotonic = lambda: 1000.0
        await judge.follower.pull()
        for text in EVERY.values():
            with pytest.raises(InvalidToken):
                await judge.verify(text.encode("latin-1"))
        assert issuer.asked == ["/auth/revocations", "/.well-known/jwks.json"]


def comparisons(path: Path) -> Iterator[str]:
    """Yield where `==` and the like compare something that goes by the name of a secret."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare) and any(isinstance(each, ast.Eq | ast.NotEq) for each in node.ops):
            sides = [node.left, *node.comparators]
            names = {str(getattr(each, "attr", getattr(each, "id", ""))) for each in sides}
            literal = any(isinstance(each, ast.Constant) for each in sides)
            if not literal and any(SECRET.search(name) for name in names):
                yield path.name


def test_t12_no_secret_is_compared_letter_by_letter() -> None:
    found = {place for folder in SOURCES for path in folder.rglob("*.py") for place in comparisons(path)}
    # The digest of a document says whether it is the same, and that of a password is looked up in what was published: they
    # keep nobody out.
    assert found <= {"breaches.py", "get_configuration.py", "put_configuration.py"}


def test_t12_finds_such_a_comparison(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f(signature, made):\n    return made.digest != signature\n")
    assert list(comparisons(bad)) == ["bad.py"]

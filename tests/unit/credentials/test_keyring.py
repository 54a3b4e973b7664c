import json
import random
from collections.abc import Iterator
from math import prod
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from core.keyring import KeyRing, generate
from tests.unit.credentials.minting import jwks, private_jwk, ring

PAIRS = ("ES256", "EdDSA", "RS256")
ALGORITHMS = (*PAIRS, "HS256")
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}


def rsa_jwk(key: rsa.RSAPrivateKey, **members: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key))
    return made | members


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_signs_and_checks_with_what_it_generated(algorithm: str) -> None:
    key = KeyRing.load(generate(algorithm), algorithm).signing
    assert key.sign is not None
    assert key.algorithm == algorithm
    key.check(key.sign(b"text"), b"text")
    independent = jwt.get_algorithm_by_name(algorithm)
    public = jwt.PyJWK(dict(key.public)).key if key.public else None
    assert public is None or independent.verify(b"text", public, key.sign(b"text"))


def test_generates_another_key_each_time() -> None:
    assert generate("ES256") != generate("ES256")
    with pytest.raises(ValueError, match="none"):
        generate("none")


@pytest.mark.parametrize("algorithm", PAIRS)
def test_o18_publishes_public_halves_only(algorithm: str) -> None:
    secret = private_jwk(algorithm)
    (public,) = ring(secret).public_set()["keys"]
    assert not PRIVATE & public.keys()
    assert (public["alg"], public["use"], public["kid"]) == (algorithm, "sig", secret["kid"])
    assert not [value for name, value in secret.items() if name in PRIVATE and value in json.dumps(public)]


def test_o18_never_publishes_shared_secrets() -> None:
    assert ring(private_jwk("HS256")).public_set() == {"keys": []}


def test_i10_does_not_show_itself() -> None:
    for algorithm in ALGORITHMS:
        secret = private_jwk(algorithm)
        shown = repr(ring(secret))
        assert not [value for name, value in secret.items() if name in PRIVATE and value in shown]


def test_names_a_key_by_its_thumbprint() -> None:
    key = {  # RFC 7638, section 3.1
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
    }
    published = ring(private_jwk(), key).public_set()["keys"]
    assert published[1]["kid"] == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_gives_the_same_thumbprint_to_what_names_itself_so(algorithm: str) -> None:
    named = private_jwk(algorithm)
    assert ring(named).signing.kid == ring({k: v for k, v in named.items() if k != "kid"}).signing.kid


def test_the_first_key_signs_and_the_others_verify() -> None:
    first, second, third = private_jwk(kid="a"), private_jwk("EdDSA", kid="b"), private_jwk("RS256", kid="c")
    public = {name: value for name, value in third.items() if name not in PRIVATE}
    keys = ring(first, second, public)
    assert keys.signing.kid == "a"
    assert [key["kid"] for key in keys.public_set()["keys"]] == ["a", "b", "c"]
    found = keys.find("c")
    assert found is not None
    assert found.sign is None
    assert keys.find("d") is None


def without(key: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name not in names}


EC, OKP, RSA, OCT = (private_jwk(algorithm) for algorithm in ALGORITHMS)
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "no kty": (without(EC, "kty"), "kty"),
    "unknown kty": (EC | {"kty": "AKP"}, "kty"),
    "another curve": (EC | {"crv": "P-384"}, "crv"),
    "secp256k1": (EC | {"crv": "secp256k1"}, "crv"),
    "Ed448": (OKP | {"crv": "Ed448"}, "crv"),
    "X25519": (OKP | {"crv": "X25519"}, "crv"),
    "f13 for encryption": (EC | {"use": "enc"}, "use"),
    "f13 for encryption, RSA": (RSA | {"use": "enc"}, "use"),
    "f13 for deriving": (without(EC, "use") | {"key_ops": ["deriveKey"]}, "key_ops"),
    "f13 for signing and more": (EC | {"key_ops": ["sign", "encrypt"]}, "key_ops"),
    "f13 for verifying only, yet private": (EC | {"key_ops": ["verify"]}, "key_ops"),
    "key_ops empty": (EC | {"key_ops": []}, "key_ops"),
    "key_ops a text": (EC | {"key_ops": "sign"}, "key_ops"),
    "alg of another kind": (EC | {"alg": "RS256"}, "alg"),
    "alg PS256": (RSA | {"alg": "PS256"}, "alg"),
    "alg HS512": (OCT | {"alg": "HS512"}, "alg"),
    "alg none": (OKP | {"alg": "none"}, "alg"),
    "point not on the curve": (EC | {"y": EC["x"]}, "set"),
    "no y": (without(EC, "y"), "y"),
    "x with padding": (EC | {"x": EC["x"] + "="}, "base64"),
    "x too short": (EC | {"x": EC["x"][:-3]}, "length"),
    "d of another key": (EC | {"d": private_jwk()["d"]}, "another key"),
    "d of another key, Ed25519": (OKP | {"d": private_jwk("EdDSA")["d"]}, "another key"),
    "d zero": (EC | {"d": "A" * 43}, "set"),
    "d a number": (EC | {"d": 5}, "d"),
    "Ed25519 too short": (OKP | {"x": "AAAA"}, "set"),
    "RSA without primes": (without(RSA, "p", "q"), "p"),
    "RSA with three primes": (RSA | {"oth": []}, "oth"),
    "RSA with a wrong prime": (RSA | {"p": RSA["q"]}, "set"),
    "RSA with a wrong d": (RSA | {"d": private_jwk("RS256")["d"]}, "set"),
    "RSA with exponent 3": (RSA | {"e": "Aw"}, "exponent"),
    "RSA with exponent 1": (RSA | {"e": "AQ"}, "exponent"),
    "RSA with leading zero": (RSA | {"e": "AAEAAQ"}, "length"),
    "kid a number": (EC | {"kid": 5}, "kid"),
    "kid too long": (EC | {"kid": "x" * 129}, "kid"),
    "kid with NUL": (EC | {"kid": "k\0"}, "kid"),
}


@pytest.mark.parametrize(("key", "why"), BROKEN.values(), ids=BROKEN)
def test_f13_refuses_a_key_that_is_wrong(key: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why) as refusal:
        KeyRing.load(jwks(key), key.get("alg"))
    assert not [
        value
        for name, value in key.items()
        if name in PRIVATE and isinstance(value, str) and value in str(refusal.value)
    ]


@pytest.mark.parametrize("bits", [1024, 2047])
def test_f13_refuses_a_weak_rsa_key(bits: int) -> None:
    weak = rsa_jwk(rsa.generate_private_key(65537, bits))
    with pytest.raises(ValueError, match="2048"):
        ring(weak)
    with pytest.raises(ValueError, match="2048"):
        ring(private_jwk(), without(weak, *PRIVATE))


@pytest.mark.parametrize("size", [0, 1, 16, 31])
def test_f13_refuses_a_short_hmac_key(size: int) -> None:
    with pytest.raises(ValueError, match=r"32 bytes|lacks"):
        ring({"kty": "oct", "k": "A" * (-(-size * 4 // 3)), "alg": "HS256"})


def test_f13_refuses_to_mix_shared_secrets_with_key_pairs() -> None:
    for keys in ((EC, OCT), (OCT, EC)):
        with pytest.raises(ValueError, match="mixes"):
            ring(*keys)


def primes_of_a_broken_generator() -> Iterator[int]:
    """Make primes as CVE-2017-15361 does: k * M + 65537 ** a mod M."""
    chance = random.Random(15361)
    product = prod(n for n in range(2, 168) if all(n % divisor for divisor in range(2, n)))
    while True:
        k = chance.randrange((3 << 1022) // product + 1, (1 << 1024) // product)
        prime = k * product + pow(65537, chance.getrandbits(64), product)
        if pow(2, prime - 1, prime) == 1 and (prime - 1) % 65537:
            yield prime


def test_f13_refuses_a_key_of_a_broken_generator() -> None:
    primes = primes_of_a_broken_generator()
    p, q = next(primes), next(primes)
    d = pow(65537, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(65537, p * q)
    )
    with pytest.raises(ValueError, match="CVE-2017-15361"):
        ring(rsa_jwk(numbers.private_key()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "{",
        '{"keys":null}',
        '{"keys":{}}',
        '{"keys":[1]}',
        "[" * 100_000,
        '{"keys":[],"keys":[]}',
    ],
    ids=lambda text: text[:20],
)
def test_refuses_what_is_no_set(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a JWK Set|given twice"):
        KeyRing.load(text)


def test_refuses_a_set_that_cannot_sign() -> None:
    for keys in ((), (without(EC, "d"),), (without(EC, "d"), OKP)):
        with pytest.raises(ValueError, match="private"):
            KeyRing.load(jwks(*keys))


def test_refuses_two_keys_of_one_name() -> None:
    with pytest.raises(ValueError, match="taken"):
        ring(EC | {"kid": "a"}, OKP | {"kid": "a"})


def test_refuses_a_member_given_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        KeyRing.load(jwks(EC).replace('{"kty"', '{"d":"AA","kty"'))


def test_shared_secrets_must_be_configured() -> None:
    with pytest.raises(ValueError, match="HS256"):
        KeyRing.load(jwks(OCT))
    with pytest.raises(ValueError, match="not for ES256"):
        KeyRing.load(jwks(OCT), "ES256")
    with pytest.raises(ValueError, match="not for HS256"):
        KeyRing.load(jwks(EC), "HS256")
    assert KeyRing.load(jwks(OCT), "HS256").signing.algorithm == "HS256"

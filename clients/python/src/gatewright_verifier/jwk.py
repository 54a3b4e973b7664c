"""Keys as JSON (RFC 7517; RFC 7518, section 6; RFC 8037), each good for one algorithm only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from json import JSONDecodeError, loads
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers, RSAPublicNumbers

from gatewright_verifier import base64url
from gatewright_verifier.signatures import (
    Algorithm,
    Check,
    CheckEs256,
    CheckHs256,
    CheckRs256,
    Sign,
    SignEs256,
    SignHs256,
    SignRs256,
)

LONGEST_KID: Final = 128
SMALLEST_HMAC: Final = 32
"""Bytes (RFC 7518, section 3.2)."""
SMALLEST_RSA: Final = 2048
LARGEST_RSA: Final = 8192
"""Bits: verifying with a larger key takes too long."""
EXPONENT: Final = 65537


@dataclass(frozen=True, slots=True)
class Key:
    """One key and the only algorithm it may be used with."""

    kid: str
    algorithm: Algorithm
    check: Check = field(repr=False)
    sign: Sign | None = field(default=None, repr=False)
    """None when only the public half is known."""
    public: Mapping[str, str] | None = None
    """The public key as JSON; None for a shared secret."""


def read(jwk: Mapping[str, Any]) -> Key:
    """Read a JSON Web Key; raise `ValueError` if it is weak, contradicts itself, or is meant for something else."""
    reader = _READERS.get(str(jwk.get("kty")))
    if reader is None:
        raise ValueError("not a kind of key that signs tokens (`kty`)")
    algorithm, required, check, sign = reader(jwk)
    _meant_for_signatures(jwk, algorithm, signs=sign is not None)
    kid = jwk.get("kid") or thumbprint(required)
    if not isinstance(kid, str) or len(kid) > LONGEST_KID or not kid.isprintable():
        raise ValueError(f"a key id has at most {LONGEST_KID} printable characters (`kid`)")
    shared = algorithm is Algorithm.HS256
    public = None if shared else {**required, "alg": algorithm.value, "kid": kid, "use": "sig"}
    return Key(kid, algorithm, check, sign, public)


def members(text: str) -> list[dict[str, Any]]:
    """Return the keys of a JWK Set (RFC 7517, section 5) as they are written, or raise `ValueError`."""
    try:
        held = loads(text, object_pairs_hook=_distinct)
    except (JSONDecodeError, RecursionError):
        raise ValueError("not a JWK Set") from None
    keys = held.get("keys") if isinstance(held, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise ValueError("not a JWK Set")
    return keys


def thumbprint(required: Mapping[str, str]) -> str:
    """Return the SHA-256 thumbprint (RFC 7638) of a key's required members."""
    return base64url.encode(sha256(msgspec.json.encode(required, order="sorted")).digest()).decode()


def _meant_for_signatures(jwk: Mapping[str, Any], algorithm: Algorithm, *, signs: bool) -> None:
    if jwk.get("alg", algorithm) != algorithm:
        raise ValueError(f"a key of this kind is for {algorithm} only (`alg`)")
    if jwk.get("use", "sig") != "sig":
        raise ValueError("not a key for signatures (`use`)")
    operations = jwk.get("key_ops", ["sign", "verify"])
    if (
        not isinstance(operations, list)
        or not {*map(str, operations)} <= {"sign", "verify"}
        or ("sign" if signs else "verify") not in operations
    ):
        raise ValueError("not a key for signatures (`key_ops`)")


_Read = tuple[Algorithm, dict[str, str], Check, Sign | None]
"""The algorithm, the members a thumbprint is made of, and what the key can do."""


def _okp(jwk: Mapping[str, Any]) -> _Read:
    if jwk.get("crv") != "Ed25519":
        raise ValueError("not a curve that signs tokens (`crv`)")
    public = Ed25519PublicKey.from_public_bytes(_octets(jwk, "x"))
    sign = None
    if "d" in jwk:
        private = Ed25519PrivateKey.from_private_bytes(_octets(jwk, "d"))
        _belong(private.public_key(), public)
        sign = private.sign
    return Algorithm.EDDSA, {"kty": "OKP", "crv": "Ed25519", "x": jwk["x"]}, public.verify, sign


def _ec(jwk: Mapping[str, Any]) -> _Read:
    if jwk.get("crv") != "P-256":
        raise ValueError("not a curve that signs tokens (`crv`)")
    curve, size = SECP256R1(), 32
    public = EllipticCurvePublicNumbers(_number(jwk, "x", size), _number(jwk, "y", size), curve).public_key()
    sign = None
    if "d" in jwk:
        private = derive_private_key(_number(jwk, "d", size), curve)
        _belong(private.public_key(), public)
        sign = SignEs256(private)
    required = {"kty": "EC", "crv": "P-256", "x": jwk["x"], "y": jwk["y"]}
    return Algorithm.ES256, required, CheckEs256(public), sign


def _rsa(jwk: Mapping[str, Any]) -> _Read:
    public = RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n"))
    if not SMALLEST_RSA <= public.n.bit_length() <= LARGEST_RSA or public.e != EXPONENT:
        raise ValueError(f"an RSA key has {SMALLEST_RSA} to {LARGEST_RSA} bits and the exponent {EXPONENT}")
    if _from_broken_generator(public.n):
        raise ValueError("this RSA key comes from a broken generator (CVE-2017-15361)")
    sign = None
    if "d" in jwk:
        if "oth" in jwk:
            raise ValueError("an RSA key has two primes (`oth`)")
        p, q, d, dp, dq, qi = (_number(jwk, name) for name in ("p", "q", "d", "dp", "dq", "qi"))
        sign = SignRs256(RSAPrivateNumbers(p, q, d, dp, dq, qi, public).private_key())
    return Algorithm.RS256, {"kty": "RSA", "n": jwk["n"], "e": jwk["e"]}, CheckRs256(public.public_key()), sign


def _oct(jwk: Mapping[str, Any]) -> _Read:
    secret = _octets(jwk, "k")
    if len(secret) < SMALLEST_HMAC:
        raise ValueError(f"an HMAC key has at least {SMALLEST_HMAC} bytes")
    return Algorithm.HS256, {"kty": "oct", "k": jwk["k"]}, CheckHs256(secret), SignHs256(secret)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], _Read]]] = {"EC": _ec, "OKP": _okp, "RSA": _rsa, "oct": _oct}
_PRIMES: Final = tuple(n for n in range(3, 168) if all(n % divisor for divisor in range(2, n)))
_POWERS: Final = tuple((prime, {pow(EXPONENT, power, prime) for power in range(prime)}) for prime in _PRIMES)


def _octets(jwk: Mapping[str, Any], name: str) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str) or not text:
        raise ValueError(f"the key lacks `{name}`")
    return base64url.decode(text.encode())


def _number(jwk: Mapping[str, Any], name: str, size: int | None = None) -> int:
    octets = _octets(jwk, name)
    if (size and len(octets) != size) or (not size and octets[0] == 0):
        raise ValueError(f"`{name}` has the wrong length")
    return int.from_bytes(octets, "big")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is given twice")
    return members


def _belong(made: object, given: object) -> None:
    if made != given:
        raise ValueError("the private half belongs to another key")


def _from_broken_generator(modulus: int) -> bool:
    """Tell the moduli of ROCA: modulo every small prime they are powers of 65537; 1 in 2**30 others is as well."""
    return all(modulus % prime in powers for prime, powers in _POWERS)

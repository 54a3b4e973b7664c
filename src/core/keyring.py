"""The keys that sign our tokens, and those that still verify them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa

from gatewright_verifier import base64url
from gatewright_verifier.jwk import EXPONENT, Key, members, read
from gatewright_verifier.keys import Keys as PublicKeys
from gatewright_verifier.signatures import Algorithm

RSA_BITS: Final = 2048
HMAC_BYTES: Final = 64


class Keys(PublicKeys, Protocol):
    """The keys in force at this moment."""

    @property
    def signing(self) -> Key:
        """The key that signs; its `sign` is never None."""


@dataclass(frozen=True, slots=True)
class KeyRing(Keys):
    """Keys by id; the first signs. Replaced as a whole, never changed in place."""

    keys: Mapping[str, Key]
    signing: Key = field(init=False)

    def __post_init__(self) -> None:
        first = next(iter(self.keys.values()), None)
        if first is None or first.sign is None:
            raise ValueError("the first key of a key ring is a private one: it signs")
        object.__setattr__(self, "signing", first)

    @classmethod
    def load(cls, text: str, algorithm: str | None = None) -> Self:
        """Read a JWK Set (RFC 7517) with private keys; the first one signs, later ones may be public.

        `algorithm` is what the first key must be for; HS256 is accepted only if it is named. Raise `ValueError` for a
        set that is malformed or a key that is weak; the message never repeats a key.
        """
        keys: dict[str, Key] = {}
        for position, member in enumerate(members(text)):
            try:
                key = read(member)
            except ValueError as error:
                raise ValueError(f"key {position} of the set: {error}") from None
            if key.kid in keys:
                raise ValueError(f"key {position} of the set: its id is taken")
            keys[key.kid] = key
        ring = cls(keys)
        if len({key.algorithm is Algorithm.HS256 for key in keys.values()}) > 1:
            raise ValueError("a set never mixes shared secrets with key pairs")
        if ring.signing.algorithm != (algorithm or ring.signing.algorithm):
            raise ValueError(f"the first key is for {ring.signing.algorithm}, not for {algorithm}")
        if ring.signing.algorithm is Algorithm.HS256 and not algorithm:
            raise ValueError("HS256 must be configured: whoever verifies its tokens can make them as well")
        return ring

    def find(self, kid: str) -> Key | None:
        return self.keys.get(kid)

    def public_set(self) -> dict[str, list[dict[str, str]]]:
        """Return the JWK Set for `/.well-known/jwks.json`: public halves only, shared secrets never."""
        return {"keys": [dict(key.public) for key in self.keys.values() if key.public]}


def generate(algorithm: str) -> str:
    """Return a JWK Set with one new private key for `algorithm`, or raise `ValueError`."""
    match Algorithm(algorithm):
        case Algorithm.ES256:
            secret = generate_ec(SECP256R1()).private_numbers()
            point = secret.public_numbers
            jwk = {"kty": "EC", "crv": "P-256", "x": _text(point.x, 32), "y": _text(point.y, 32)}
            jwk["d"] = _text(secret.private_value, 32)
        case Algorithm.EDDSA:
            edwards = Ed25519PrivateKey.generate()
            x, d = edwards.public_key().public_bytes_raw(), edwards.private_bytes_raw()
            jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(x).decode()}
            jwk["d"] = base64url.encode(d).decode()
        case Algorithm.RS256:
            rsa = generate_rsa(EXPONENT, RSA_BITS).private_numbers()
            numbers = {"n": rsa.public_numbers.n, "e": rsa.public_numbers.e, "d": rsa.d, "p": rsa.p, "q": rsa.q}
            numbers |= {"dp": rsa.dmp1, "dq": rsa.dmq1, "qi": rsa.iqmp}
            jwk = {"kty": "RSA"} | {name: _text(number) for name, number in numbers.items()}
        case Algorithm.HS256:
            jwk = {"kty": "oct", "k": base64url.encode(os.urandom(HMAC_BYTES)).decode()}
    key = read(jwk)
    return msgspec.json.encode({"keys": [jwk | {"kid": key.kid, "alg": key.algorithm, "use": "sig"}]}).decode()


def _text(number: int, size: int | None = None) -> str:
    return base64url.encode(number.to_bytes(size or (number.bit_length() + 7) // 8, "big")).decode()

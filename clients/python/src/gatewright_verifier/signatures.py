"""Sign and check, with the four algorithms of our tokens (RFC 7518 section 3, RFC 8037)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

Check = Callable[[bytes, bytes], None]
"""Raise `InvalidSignature` unless the first argument signs the second."""
Sign = Callable[[bytes], bytes]
"""Return the signature of the argument."""

SHA: Final = SHA256()
ES256: Final = ECDSA(SHA)
NUMBER: Final = 32
"""Bytes of each of the two numbers of an ES256 signature."""


class Algorithm(StrEnum):
    """What signs our tokens."""

    EDDSA = "EdDSA"
    ES256 = "ES256"
    HS256 = "HS256"
    RS256 = "RS256"


@dataclass(frozen=True, slots=True)
class CheckEs256:
    """Check fixed-length ES256 signatures."""

    key: EllipticCurvePublicKey

    def __call__(self, signature: bytes, signed: bytes) -> None:
        if len(signature) != 2 * NUMBER:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:NUMBER], "big"), int.from_bytes(signature[NUMBER:], "big")
        self.key.verify(encode_dss_signature(r, s), signed, ES256)


@dataclass(frozen=True, slots=True)
class SignEs256:
    """Make fixed-length ES256 signatures."""

    key: EllipticCurvePrivateKey

    def __call__(self, signed: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(signed, ES256))
        return r.to_bytes(NUMBER, "big") + s.to_bytes(NUMBER, "big")


@dataclass(frozen=True, slots=True)
class CheckRs256:
    """Check RS256 signatures."""

    key: RSAPublicKey

    def __call__(self, signature: bytes, signed: bytes) -> None:
        self.key.verify(signature, signed, PKCS1v15(), SHA)


@dataclass(frozen=True, slots=True)
class SignRs256:
    """Make RS256 signatures."""

    key: RSAPrivateKey

    def __call__(self, signed: bytes) -> bytes:
        return self.key.sign(signed, PKCS1v15(), SHA)


@dataclass(frozen=True, slots=True, repr=False)
class SignHs256:
    """Make HS256 authentication codes."""

    secret: bytes

    def __call__(self, signed: bytes) -> bytes:
        return digest(self.secret, signed, sha256)


@dataclass(frozen=True, slots=True, repr=False)
class CheckHs256:
    """Check HS256 authentication codes, in constant time."""

    secret: bytes

    def __call__(self, signature: bytes, signed: bytes) -> None:
        if not compare_digest(signature, digest(self.secret, signed, sha256)):
            raise InvalidSignature

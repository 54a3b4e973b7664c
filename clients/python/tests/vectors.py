"""Signatures that only look right, in the manner of Project Wycheproof, made anew with keys of each run."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha1, sha256
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512

from minting import b64, claims, private_jwk, public, signed

N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of P-256."""
L: Final = 2**252 + 27742317777372353535851937790883648493
"""The order of Ed25519."""
DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")


@dataclass(frozen=True)
class Vector:
    """A token under a key, and whether it is to be accepted."""

    name: str
    key: dict[str, Any]
    token: str
    valid: bool = False


def _parts(key: dict[str, Any]) -> tuple[str, bytes]:
    header = {"alg": key["alg"], "kid": key["kid"], "typ": "at+jwt"}
    text, _, signature = signed(header, claims(), key).rpartition(".")
    padded = signature + "=" * (-len(signature) % 4)
    return text, base64.urlsafe_b64decode(padded)


def es256() -> Iterator[Vector]:
    """Yield signatures of two numbers that are out of range, out of place, or not encoded as RFC 7518 says."""
    key = private_jwk("ES256")
    text, good = _parts(key)
    r, s = int.from_bytes(good[:32], "big"), int.from_bytes(good[32:], "big")

    def of(name: str, signature: bytes, *, valid: bool = False) -> Vector:
        return Vector(f"ES256 {name}", key, f"{text}.{b64(signature)}", valid)

    def two(one: int, other: int) -> bytes:
        return one.to_bytes(32, "big") + other.to_bytes(32, "big")

    yield of("good", good, valid=True)
    # Both are signatures of the same claims; nothing here goes by the text of a token.
    yield of("the other s", two(r, N - s), valid=True)
    for name, one, other in (
        ("zeros", 0, 0), ("r zero", 0, s), ("s zero", r, 0), ("ones", 1, 1), ("r one", 1, s), ("s one", r, 1),
        ("r the order", N, s), ("s the order", r, N), ("both the order", N, N), ("order less one", N - 1, N - 1),
        ("r past the order", (r + N) % 2**256, s), ("swapped", s, r), ("r negated", N - r, s), ("s doubled", r, 2 * s % N),
        ("all ones", 2**256 - 1, 2**256 - 1), ("zero and order", 0, N), ("order and zero", N, 0),
    ):  # fmt: skip
        yield of(name, two(one, other))
    private = jwt.PyJWK(key).key
    der = private.sign(text.encode(), ec.ECDSA(SHA256()))
    yield of("in DER", der)
    yield of("nothing", b"")
    for length in (1, 31, 32, 33, 62, 63):
        yield of(f"cut to {length}", good[:length])
    yield of("a byte more", good + b"\0")
    yield of("a byte before", b"\0" + good)
    yield of("zeros between", good[:32] + b"\0" + good[32:])
    yield of("padded to 66", b"\0" + good[:32] + b"\0" + good[32:])
    yield of("twice", good * 2)
    for hashed in (SHA1(), SHA384(), SHA512()):
        yield of(f"over {hashed.name}", two(*decode_dss_signature(private.sign(text.encode(), ec.ECDSA(hashed)))))
    yield of("over another text", two(*decode_dss_signature(private.sign(b"x" + text.encode(), ec.ECDSA(SHA256())))))
    digest = sha256(text.encode()).digest()
    yield of("over the digest", two(*decode_dss_signature(private.sign(digest, ec.ECDSA(SHA256())))))
    prehashed = private.sign(digest, ec.ECDSA(Prehashed(SHA256())))
    yield of("of the digest", two(*decode_dss_signature(prehashed)), valid=True)
    for curve in (ec.SECP256K1(), ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP256R1()):
        size = (curve.key_size + 7) // 8
        one, other = decode_dss_signature(ec.generate_private_key(curve).sign(text.encode(), ec.ECDSA(SHA256())))
        yield of(f"of {curve.name}", one.to_bytes(size, "big") + other.to_bytes(size, "big"))
    for bit in (0, 7, 100, 255, 256, 400, 511):
        yield of(f"bit {bit} turned", (int.from_bytes(good, "big") ^ 1 << bit).to_bytes(64, "big"))


def eddsa() -> Iterator[Vector]:
    """Yield signatures that are not canonical (RFC 8032, section 8.4), cut, or somebody else's."""
    key = private_jwk("EdDSA")
    text, good = _parts(key)
    s = int.from_bytes(good[32:], "little")

    def of(name: str, signature: bytes, *, valid: bool = False) -> Vector:
        return Vector(f"EdDSA {name}", key, f"{text}.{b64(signature)}", valid)

    yield of("good", good, valid=True)
    for times in (1, 2, 4, 8):
        yield of(f"s and {times} orders", good[:32] + ((s + times * L) % 2**256).to_bytes(32, "little"))
    yield of("s the order", good[:32] + L.to_bytes(32, "little"))
    yield of("s zero", good[:32] + bytes(32))
    yield of("R zero", bytes(32) + good[32:])
    yield of("R the neutral point", b"\1" + bytes(31) + good[32:])
    yield of("zeros", bytes(64))
    yield of("all ones", b"\xff" * 64)
    yield of("swapped", good[32:] + good[:32])
    yield of("nothing", b"")
    for length in (1, 32, 63):
        yield of(f"cut to {length}", good[:length])
    yield of("a byte more", good + b"\0")
    yield of("sign bit of R", good[:31] + bytes([good[31] ^ 0x80]) + good[32:])
    yield of("high bits of s", good[:63] + bytes([good[63] | 0xE0]))
    yield of("of another key", ed25519.Ed25519PrivateKey.generate().sign(text.encode()))
    yield of("over the digest", jwt.PyJWK(key).key.sign(sha256(text.encode()).digest()))
    for bit in (0, 8, 255, 256, 400, 511):
        yield of(f"bit {bit} turned", (int.from_bytes(good, "big") ^ 1 << bit).to_bytes(64, "big"))


def rs256() -> Iterator[Vector]:
    """Yield blocks that were signed and are not what PKCS #1 v1.5 says, or say it of another digest."""
    key = private_jwk("RS256")
    text, good = _parts(key)
    private: rsa.RSAPrivateKey = jwt.PyJWK(key).key
    numbers = private.private_numbers()
    n, d, size = numbers.public_numbers.n, numbers.d, 256
    digest = sha256(text.encode()).digest()

    def of(name: str, signature: bytes, *, valid: bool = False) -> Vector:
        return Vector(f"RS256 {name}", key, f"{text}.{b64(signature)}", valid)

    def block(info: bytes, *, start: bytes = b"\0\1", fill: int = 0xFF, after: bytes = b"") -> bytes:
        padding = bytes([fill]) * (size - len(start) - 1 - len(info) - len(after))
        made = int.from_bytes(start + padding + b"\0" + info + after, "big")
        return pow(made, d, n).to_bytes(size, "big")

    yield of("good", good, valid=True)
    yield of("made by hand", block(DIGEST_INFO + digest), valid=True)
    yield of("without NULL", block(bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20" + digest))
    yield of("NULL of another length", block(bytes.fromhex("3032300e06096086480165030402010501000420") + digest))
    yield of("long form of a length", block(bytes.fromhex("308131300d060960864801650304020105000420") + digest))
    yield of("no DigestInfo", block(digest))
    yield of("SHA-1", block(bytes.fromhex("3021300906052b0e03021a05000414") + sha1(text.encode()).digest()))
    yield of("SHA-1's name", block(bytes.fromhex("302d300906052b0e03021a05000420") + digest))
    yield of("type 0", block(DIGEST_INFO + digest, start=b"\0\0", fill=0))
    yield of("type 2", block(DIGEST_INFO + digest, start=b"\0\2"))
    yield of("padding of zeros", block(DIGEST_INFO + digest, fill=0))
    yield of("padding of other bytes", block(DIGEST_INFO + digest, fill=0xFE))
    yield of("rubbish after it", block(DIGEST_INFO + digest, after=b"\0" * 8))
    yield of("short padding and rubbish", block(DIGEST_INFO + digest, after=b"\xaa" * 190))
    yield of("of another text", block(DIGEST_INFO + sha256(b"x").digest()))
    yield of("PSS", private.sign(text.encode(), PSS(MGF1(SHA256()), 32), SHA256()))
    for hashed in (SHA1(), SHA384(), SHA512()):
        yield of(f"over {hashed.name}", private.sign(text.encode(), PKCS1v15(), hashed))
    value = int.from_bytes(good, "big")
    yield of("and the modulus", (value + n).to_bytes(size + 1, "big"))
    yield of("a zero before", b"\0" + good)
    yield of("a byte more", good + b"\0")
    yield of("cut", good[:-1])
    yield of("nothing", b"")
    for name, number in (("zero", 0), ("one", 1), ("modulus", n), ("modulus less one", n - 1)):
        yield of(name, number.to_bytes(size, "big"))
    for bit in (0, 8, 1000, 2000):
        yield of(f"bit {bit} turned", (value ^ 1 << bit).to_bytes(size, "big"))
    yield of("of another key", rsa.generate_private_key(65537, 2048).sign(text.encode(), PKCS1v15(), SHA256()))


def hs256() -> Iterator[Vector]:
    """Yield codes that are cut, or of another algorithm."""
    key = private_jwk("HS256")
    text, good = _parts(key)

    def of(name: str, signature: bytes, *, valid: bool = False) -> Vector:
        return Vector(f"HS256 {name}", key, f"{text}.{b64(signature)}", valid)

    yield of("good", good, valid=True)
    for length in (0, 1, 16, 31):
        yield of(f"cut to {length}", good[:length])
    yield of("a byte more", good + b"\0")
    yield of("in hexadecimal", good.hex().encode())
    yield of("zeros", bytes(32))
    yield of("a bare digest", sha256(text.encode()).digest())
    for name in ("HS384", "HS512"):
        code = jwt.get_algorithm_by_name(name).sign(text.encode(), jwt.PyJWK(key).key)
        yield of(name, code)
        yield of(f"{name}, cut", code[:32])


def spelt() -> Iterator[Vector]:
    """Yield good tokens in every spelling of base64url but the canonical one."""
    key = private_jwk("ES256")
    header = {"alg": "ES256", "kid": key["kid"], "typ": "at+jwt"}
    good = signed(header, claims(), key).split(".")
    yield Vector("good", key, ".".join(good), valid=True)
    for place, name in enumerate(("header", "payload", "signature")):
        for change, spelling in {
            "padded": good[place] + "=",
            "padded twice": good[place] + "==",
            "a line feed": good[place][:4] + "\n" + good[place][4:],
            "a space": good[place][:4] + " " + good[place][4:],
            "a NUL": good[place] + "\0",
            "a character more": good[place] + "A",
            "a character less": good[place][:-1],
            "a star": good[place][:-1] + "*",
            "a full width A": good[place][:-1] + "\uff21",
            "empty": "",
        }.items():
            yield Vector(f"{name}: {change}", key, ".".join([*good[:place], spelling, *good[place + 1 :]]))


def every() -> list[Vector]:
    """Return all of them."""
    return [*es256(), *eddsa(), *rs256(), *hs256(), *spelt()]


def weak_keys() -> dict[str, dict[str, Any]]:
    """Return public keys that no set may have, by what is wrong with them."""
    point, curve, wide = (public(private_jwk(each)) for each in ("ES256", "EdDSA", "RS256"))
    p384 = jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)
    small = jwt.algorithms.RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True)
    return {
        "P-384": p384,
        "P-384 called P-256": p384 | {"crv": "P-256"},
        "not on the curve": point | {"y": point["x"]},
        "x in 33 bytes": point | {"x": b64(b"\0" + b"\1" * 32)},
        "the point at infinity": point | {"x": b64(bytes(32)), "y": b64(bytes(32))},
        "a compressed point": {name: value for name, value in point.items() if name != "y"},
        "X25519": curve | {"crv": "X25519"},
        "Ed25519 in 31 bytes": curve | {"x": b64(bytes(31))},
        "RSA of 1024 bits": small | {"kid": "small"},
        "exponent 1": wide | {"e": b64(b"\1")},
        "exponent 3": wide | {"e": b64(b"\3")},
        "even exponent": wide | {"e": b64(b"\1\0\0")},
        "modulus with a zero before": wide | {"n": b64(b"\0" + b"\xff" * 256)},
        "modulus of 16,384 bits": wide | {"n": b64(b"\xff" * 2048)},
        "for encryption": wide | {"use": "enc"},
        "for wrapping": {name: value for name, value in wide.items() if name != "use"} | {"key_ops": ["wrapKey"]},
        "for PS256": wide | {"alg": "PS256"},
        "for ES384": point | {"alg": "ES384"},
        "without a type": {name: value for name, value in point.items() if name != "kty"},
    }

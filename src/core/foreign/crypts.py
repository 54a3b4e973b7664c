"""bcrypt, Argon2 and the portable hashes of PHP applications (phpass)."""

from hashlib import md5
from hmac import compare_digest
from re import compile as pattern
from typing import Final

import bcrypt
from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw

from core.foreign.parts import Check, base64, digested, number, parameters, salted, split
from domain.identity.errors import PasswordHashUnusable

MOST_BYTES: Final = 72
"""bcrypt sees no more of a password: what is longer is never right."""
LARGEST_BCRYPT: Final = 15
LEAST_BCRYPT: Final = 4
LARGEST_ARGON2: Final = (1 << 20, 10, 16)
"""KiB, passes and lanes."""
LARGEST_WORK: Final = 1 << 21
"""KiB times passes: 2 GiB are gone over in some seconds."""
LEAST_PHPASS: Final = 7
LARGEST_PHPASS: Final = 15
"""Binary logarithm of the rounds: 33,000 are 20 ms in Python."""

# The last characters of salt and digest hold bits that mean nothing: they are zero in the one canonical spelling.
_BCRYPT: Final = pattern(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]").fullmatch
_PHPASS: Final = pattern(r"\$[PH]\$[./0-9A-Za-z]{9}[./0-9A-Za-z]{21}[./01]").fullmatch
_ITOA64: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TYPES: Final = {"argon2id": Type.ID, "argon2i": Type.I, "argon2d": Type.D}


def read_bcrypt(text: str) -> Check:
    """Read `$2b$12$…`, or the same with `2a` or `2y`."""
    if not (found := _BCRYPT(text)):
        raise PasswordHashUnusable("it is no bcrypt hash in canonical spelling")
    number(found[1].removeprefix("0"), LEAST_BCRYPT, LARGEST_BCRYPT, "the cost of bcrypt")
    kept = text.encode()

    def check(password: bytes) -> bool:
        return len(password) <= MOST_BYTES and b"\0" not in password and bcrypt.checkpw(password, kept)

    return check


def read_argon2(text: str) -> Check:
    """Read `$argon2id$v=19$m=65536,t=3,p=4$salt$digest` (PHC string of RFC 9106), or one of argon2i or argon2d."""
    name, version, costs, salt, digest = split(text, 5)
    if name not in _TYPES or version != f"v={ARGON2_VERSION}":
        raise PasswordHashUnusable("its Argon2 is not of version 19")
    kib, passes, lanes = (
        number(value, 1, most, each)
        for each, value, most in zip("mtp", parameters(costs, "m", "t", "p"), LARGEST_ARGON2, strict=True)
    )
    if kib * passes > LARGEST_WORK:
        raise PasswordHashUnusable("m and t together cost too much")
    if kib < 8 * lanes:
        raise PasswordHashUnusable("m is less than 8 KiB for each lane")
    mixed, kept = salted(base64(salt)), digested(base64(digest))
    if len(mixed) < 8:  # noqa: PLR2004 - RFC 9106, section 3.1
        raise PasswordHashUnusable("its salt has less than 8 bytes")

    def check(password: bytes) -> bool:
        made = hash_secret_raw(password, mixed, passes, kib, lanes, len(kept), _TYPES[name])
        return compare_digest(made, kept)

    return check


def read_phpass(text: str) -> Check:
    """Read `$P$B…` (WordPress) or `$H$9…` (phpBB)."""
    if not _PHPASS(text):
        raise PasswordHashUnusable("it is no phpass hash in canonical spelling")
    rounds = _ITOA64.index(text[3])
    if not LEAST_PHPASS <= rounds <= LARGEST_PHPASS:
        raise PasswordHashUnusable(f"its rounds are not between 2^{LEAST_PHPASS} and 2^{LARGEST_PHPASS}")
    salt, kept = text[4:12].encode(), text[12:].encode()

    def check(password: bytes) -> bool:
        digest = md5(salt + password, usedforsecurity=False).digest()
        for _ in range(1 << rounds):
            digest = md5(digest + password, usedforsecurity=False).digest()
        return compare_digest(_spelled(digest), kept)

    return check


def repeatable(kept: str) -> bool:
    """Return whether `kept` is Argon2id of bearable cost, as ours are: a hostile one could take all memory."""
    try:
        found = extract_parameters(kept)
    except InvalidHashError:
        return False
    costs = (found.memory_cost, found.time_cost, found.parallelism)
    return found.type is Type.ID and all(cost <= most for cost, most in zip(costs, LARGEST_ARGON2, strict=True))


def _spelled(digest: bytes) -> bytes:
    """Spell as phpass does: three bytes at a time, least significant bits first."""
    text = ""
    for at in range(0, len(digest), 3):
        group = digest[at : at + 3]
        value = int.from_bytes(group, "little")
        text += "".join(_ITOA64[value >> 6 * place & 63] for place in range(len(group) + 1))
    return text.encode()

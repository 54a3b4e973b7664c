"""PBKDF2 (RFC 8018) and scrypt (RFC 7914), Firebase's included."""

from hashlib import pbkdf2_hmac, scrypt
from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from core.foreign.parts import Check, base64, digested, number, parameters, salted, split
from domain.identity.errors import PasswordHashUnusable

ITERATIONS: Final = 10_000_000
"""Of PBKDF2, for all blocks of a digest together: some seconds."""
SIZES: Final = {"sha1": 20, "sha256": 32, "sha512": 64}
LOG_N: Final = 17
LARGEST_R: Final = 32
LARGEST_P: Final = 16
LARGEST_NR: Final = 1 << 20
"""scrypt takes 128 N r bytes: 128 MiB."""
LARGEST_NRP: Final = 1 << 22
FIREBASE_KEY: Final = 32
LOGARITHMS: Final = 64
"""A smaller `ln` is the binary logarithm of N; a greater one is N itself, as Ory Kratos writes it."""


def pbkdf2(algorithm: str, iterations: int, salt: bytes, digest: bytes) -> Check:
    """Check PBKDF2-HMAC of `algorithm`."""
    salted(salt)
    blocks = -(-len(digested(digest)) // SIZES[algorithm])
    if iterations * blocks > ITERATIONS:
        raise PasswordHashUnusable(f"it takes more than {ITERATIONS} iterations")

    def check(password: bytes) -> bool:
        return compare_digest(pbkdf2_hmac(algorithm, password, salt, iterations, len(digest)), digest)

    return check


def read_pbkdf2(text: str) -> Check:
    """Read `$pbkdf2-sha256$…`: with `i=29000`, `i=29000,l=32` (PHC) or `29000` (passlib), salt and digest in base64.

    `$pbkdf2$` is of SHA-1. Passlib writes `.` for `+`.
    """
    name, costs, salt, digest = split(text, 4)
    algorithm = {"pbkdf2": "sha1", "pbkdf2-sha1": "sha1"}.get(name, name.removeprefix("pbkdf2-"))
    if algorithm not in SIZES:
        raise PasswordHashUnusable("its PBKDF2 is not of sha1, sha256 or sha512")
    length = None
    if costs.isdigit():
        salt, digest, iterations = salt.replace(".", "+"), digest.replace(".", "+"), costs
    elif "," in costs:
        iterations, length = parameters(costs, "i", "l")
    else:
        (iterations,) = parameters(costs, "i")
    raw = base64(digest)
    if length is not None and length != str(len(raw)):
        raise PasswordHashUnusable("its digest is not as long as it says")
    return pbkdf2(algorithm, number(iterations, 1, ITERATIONS, "the number of iterations"), base64(salt), raw)


def costs_of_scrypt(n: int, r: int, p: int) -> int:
    """Return the bytes of memory, or refuse what would take too much of it or of time."""
    if n.bit_count() != 1 or not 1 < n <= 1 << LOG_N:
        raise PasswordHashUnusable(f"N is no power of two up to 2^{LOG_N}")
    if n * r > LARGEST_NR or n * r * p > LARGEST_NRP:
        raise PasswordHashUnusable("N, r and p together cost too much")
    return 128 * r * (n + p + 2) + (1 << 16)


def scrypted(n: int, r: int, p: int, salt: bytes, digest: bytes) -> Check:
    """Check scrypt."""
    memory = costs_of_scrypt(n, r, p)
    salted(salt)
    digested(digest)

    def check(password: bytes) -> bool:
        made = scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=len(digest))
        return compare_digest(made, digest)

    return check


def read_scrypt(text: str) -> Check:
    """Read `$scrypt$ln=14,r=8,p=1$salt$digest`, where `ln` is log2 N (PHC, passlib) or N (Ory Kratos)."""
    _, costs, salt, digest = split(text, 4)
    n, r, p = _costs(costs)
    return scrypted(n, r, p, base64(salt), base64(digest))


def read_firebase(text: str) -> Check:
    """Read `$firescrypt$ln=14,r=8,p=1$salt$digest$salt separator$signer key` (Ory Kratos), all in base64.

    Firebase calls `ln` mem_cost and `r` rounds. It encrypts the signer key with what scrypt derives.
    """
    _, costs, salt, digest, separator, signer = split(text, 6)
    n, r, p = _costs(costs)
    memory = costs_of_scrypt(n, r, p)
    whole, kept, key = salted(base64(salt)) + base64(separator), digested(base64(digest)), base64(signer)
    salted(whole)
    if len(key) != len(kept):
        raise PasswordHashUnusable("its signer key is not as long as its digest")

    def check(password: bytes) -> bool:
        derived = scrypt(password, salt=whole, n=n, r=r, p=p, maxmem=memory, dklen=FIREBASE_KEY)
        cipher = Cipher(AES(derived), CTR(bytes(16))).encryptor()
        return compare_digest(cipher.update(key) + cipher.finalize(), kept)

    return check


def _costs(text: str) -> tuple[int, int, int]:
    ln, r, p = parameters(text, "ln", "r", "p")
    size = number(ln, 1, 1 << LOG_N, "ln")
    if LOG_N < size < LOGARITHMS:
        raise PasswordHashUnusable(f"N is no power of two up to 2^{LOG_N}")
    n = 1 << size if size < LOGARITHMS else size
    return n, number(r, 1, LARGEST_R, "r"), number(p, 1, LARGEST_P, "p")

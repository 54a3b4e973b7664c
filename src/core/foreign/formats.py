"""Which formats there are. `docs/passwords.md` lists them."""

from collections.abc import Callable
from hashlib import new, sha256
from hmac import compare_digest
from typing import Final

from core.foreign.crypts import read_argon2, read_bcrypt, read_phpass
from core.foreign.derived import (
    ITERATIONS,
    LARGEST_P,
    LARGEST_R,
    LOG_N,
    pbkdf2,
    read_firebase,
    read_pbkdf2,
    read_scrypt,
    scrypted,
)
from core.foreign.parts import Check, base64, number, salted
from domain.identity.errors import PasswordHashUnusable

LONGEST: Final = 1024
"""Characters of a hash with everything that belongs to it."""
_LDAP: Final = {"{SSHA}": "sha1", "{SSHA256}": "sha256", "{SSHA512}": "sha512"}


def read(text: str) -> Check:
    """Return what verifies passwords against the hash `text`, or raise `PasswordHashUnusable`; costs microseconds."""
    if len(text) > LONGEST or not (text.isascii() and text.isprintable()) or " " in text:
        raise PasswordHashUnusable(f"it is longer than {LONGEST} characters, or has some that no hash has")
    for beginning, reader in _READERS:
        if text.startswith(beginning):
            return reader(text)
    raise PasswordHashUnusable("its format is not known")


def _read_ldap(text: str) -> Check:
    """Read `{SSHA}…`: salted SHA of OpenLDAP and its like, in base64, digest first."""
    scheme, _, spelled = text.partition("}")
    algorithm = _LDAP[f"{scheme}}}"]
    if len(spelled) % 4:
        raise PasswordHashUnusable("its base64 has no padding")
    raw, size = base64(spelled), new(algorithm).digest_size
    digest, salt = raw[:size], salted(raw[size:])

    def check(password: bytes) -> bool:
        return compare_digest(new(algorithm, password + salt).digest(), digest)

    return check


def _read_django_pbkdf2(text: str) -> Check:
    """Read `pbkdf2_sha256$600000$salt$digest`, whose salt is a text."""
    name, iterations, salt, digest = _parts(text, 4)
    count = number(iterations, 1, ITERATIONS, "the number of iterations")
    return pbkdf2(name.removeprefix("pbkdf2_"), count, salt.encode(), base64(digest))


def _read_django_scrypt(text: str) -> Check:
    """Read `scrypt$16384$salt$8$1$digest`."""
    _, n, salt, r, p, digest = _parts(text, 6)
    costs = number(n, 2, 1 << LOG_N, "N"), number(r, 1, LARGEST_R, "r"), number(p, 1, LARGEST_P, "p")
    return scrypted(*costs, salt.encode(), base64(digest))


def _read_django_bcrypt_sha256(text: str) -> Check:
    """Read `bcrypt_sha256$$2b$12$…`: bcrypt of the hexadecimal SHA-256, so that 72 bytes are no limit."""
    check = read_bcrypt(text.removeprefix("bcrypt_sha256$"))
    return lambda password: check(sha256(password).hexdigest().encode())


def _read_django_bcrypt(text: str) -> Check:
    return read_bcrypt(text.removeprefix("bcrypt$"))


def _read_django_argon2(text: str) -> Check:
    return read_argon2(text.removeprefix("argon2"))


def _parts(text: str, count: int) -> list[str]:
    found = text.split("$")
    if len(found) != count:
        raise PasswordHashUnusable("it has too few parts, or too many")
    return found


_READERS: Final[tuple[tuple[str, Callable[[str], Check]], ...]] = (
    ("$2", read_bcrypt),
    ("$argon2", read_argon2),
    ("$pbkdf2", read_pbkdf2),
    ("$scrypt$", read_scrypt),
    ("$firescrypt$", read_firebase),
    ("$P$", read_phpass),
    ("$H$", read_phpass),
    *((scheme, _read_ldap) for scheme in _LDAP),
    ("pbkdf2_sha256$", _read_django_pbkdf2),
    ("pbkdf2_sha1$", _read_django_pbkdf2),
    ("scrypt$", _read_django_scrypt),
    ("bcrypt_sha256$$2", _read_django_bcrypt_sha256),
    ("bcrypt$$2", _read_django_bcrypt),
    ("argon2$argon2", _read_django_argon2),
)

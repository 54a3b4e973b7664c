"""Password hashes that others make: passlib's, Django's, bcrypt's own, and published ones."""

from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import pbkdf2_hmac, scrypt
from typing import Final

import argon2
import bcrypt
from django.conf import settings
from django.contrib.auth import hashers
from passlib import hash as passlib

PASSWORD: Final = "pässword of ours 😀"
RAW: Final = PASSWORD.encode()

# Published by those who made the formats.
PUBLISHED: Final = {
    "phpass, test program of its author": ("test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"),
    "Firebase, README of firebase/scrypt": (
        "user1password",
        (
            "$firescrypt$ln=14,r=8,p=1$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZ"
            "ilo78198JAdRuid5lQ==$Bw==$jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
        ),
    ),
    "bcrypt, crypt_blowfish": ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
}


def _text(raw: bytes, *, padded: bool = True) -> str:
    text = b64encode(raw).decode()
    return text if padded else text.rstrip("=")


def rfc() -> Iterator[tuple[str, str, str]]:
    """Yield vectors of RFC 6070 (PBKDF2 with SHA-1) and RFC 7914 (scrypt)."""
    for password, salt, iterations, digest in (
        ("password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
        ("password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"),
        ("passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
         "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"),
    ):  # fmt: skip
        kept = _text(bytes.fromhex(digest), padded=False)
        name = f"RFC 6070, {iterations} for {len(digest) // 2} bytes"
        yield name, password, f"$pbkdf2$i={iterations}${_text(salt.encode(), padded=False)}${kept}"
    for password, salt, costs, digest in (
        ("password", "NaCl", "ln=10,r=8,p=16",
         ("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
         "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")),
        ("pleaseletmein", "SodiumChloride", "ln=14,r=8,p=1",
         ("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
         "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887")),
    ):  # fmt: skip
        kept = _text(bytes.fromhex(digest), padded=False)
        yield f"RFC 7914, {costs}", password, f"$scrypt${costs}${_text(salt.encode(), padded=False)}${kept}"


@cache
def vectors() -> dict[str, tuple[str, str]]:
    """Return name, password and hash, for each format that we claim."""
    if not settings.configured:
        settings.configure(PASSWORD_HASHERS=[])
    made = dict(PUBLISHED)
    made |= {name: (password, kept) for name, password, kept in rfc()}
    ours: dict[str, str] = {}
    salt, plain = b"0123456789abcdef", "saltsaltsalt"
    for prefix in (b"2a", b"2b"):
        ours[f"bcrypt {prefix.decode()}"] = bcrypt.hashpw(RAW, bcrypt.gensalt(4, prefix)).decode()
    ours["bcrypt 2y"] = ours["bcrypt 2b"].replace("$2b$", "$2y$")
    for kind in argon2.Type:
        ours[f"argon2 {kind.name}"] = argon2.PasswordHasher(3, 64, 2, type=kind).hash(PASSWORD)
    for algorithm in ("sha1", "sha256", "sha512"):
        name = f"pbkdf2-{algorithm}"
        ours[f"passlib {name}"] = getattr(passlib, f"pbkdf2_{algorithm}").using(rounds=500).hash(PASSWORD)
        raw = pbkdf2_hmac(algorithm, RAW, salt, 300, 32)
        for padded in (True, False):
            parts = f"{_text(salt, padded=padded)}${_text(raw, padded=padded)}"
            ours[f"kratos {name} {padded}"] = f"$pbkdf2-{algorithm}$i=300,l=32${parts}"
            ours[f"phc {name} {padded}"] = f"$pbkdf2-{algorithm}$i=300${parts}"
    ours["passlib scrypt"] = passlib.scrypt.using(rounds=6).hash(PASSWORD)
    raw = scrypt(RAW, salt=salt, n=256, r=8, p=1, dklen=32)
    ours["kratos scrypt"] = f"$scrypt$ln=256,r=8,p=1${_text(salt)}${_text(raw)}"
    for handler in (passlib.ldap_salted_sha1, passlib.ldap_salted_sha256, passlib.ldap_salted_sha512):
        ours[handler.name] = handler.hash(PASSWORD)
    ours["phpass P"] = passlib.phpass.using(rounds=7, ident="P").hash(PASSWORD)
    ours["phpass H"] = passlib.phpass.using(rounds=8, ident="H").hash(PASSWORD)
    ours["django pbkdf2_sha256"] = hashers.PBKDF2PasswordHasher().encode(PASSWORD, plain, 400)
    ours["django pbkdf2_sha1"] = hashers.PBKDF2SHA1PasswordHasher().encode(PASSWORD, plain, 400)
    ours["django argon2"] = hashers.Argon2PasswordHasher().encode(PASSWORD, plain)
    ours["django scrypt"] = hashers.ScryptPasswordHasher().encode(PASSWORD, plain, n=64)
    ours["django bcrypt"] = hashers.BCryptPasswordHasher().encode(PASSWORD, bcrypt.gensalt(4))
    ours["django bcrypt_sha256"] = hashers.BCryptSHA256PasswordHasher().encode(PASSWORD, bcrypt.gensalt(4))
    return made | {name: (PASSWORD, kept) for name, kept in ours.items()}

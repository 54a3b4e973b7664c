"""Hashes that other systems made."""

from collections.abc import AsyncIterator, Iterator
from time import process_time
from typing import Any, Literal, get_args
from unicodedata import normalize

import bcrypt
import pytest

from core.foreign import formats
from core.hashing import HashingPool
from core.passwords import Argon2Passwords
from domain.identity.errors import PasswordHashUnusable
from tests.support.foreign_hashes import PASSWORD, vectors

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
BCRYPT = "$2b$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
SALT, DIGEST = "c2FsdHNhbHRzYWx0", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
PARTS = f"{SALT}${DIGEST}"
HOSTILE = [
    f"$argon2id$v=19$m=4194304,t=100,p=1${PARTS}",
    f"$argon2id$v=19$m=1048577,t=1,p=1${PARTS}",
    f"$argon2id$v=19$m=19456,t=11,p=1${PARTS}",
    f"$argon2id$v=19$m=19456,t=2,p=17${PARTS}",
    f"$argon2id$v=19$m=1048576,t=10,p=1${PARTS}",
    f"$argon2i$v=19$m=99999999999999999999,t=1,p=1${PARTS}",
    f"argon2$argon2id$v=19$m=4194304,t=3,p=1${PARTS}",
    f"$scrypt$ln=18,r=8,p=1${PARTS}",
    f"$scrypt$ln=262144,r=8,p=1${PARTS}",
    f"$scrypt$ln=17,r=32,p=1${PARTS}",
    f"$scrypt$ln=17,r=8,p=16${PARTS}",
    f"$scrypt$ln=10,r=1,p=17${PARTS}",
    f"scrypt$1048576$saltsalt$8$1${DIGEST}=",
    f"$firescrypt$ln=20,r=8,p=1${PARTS}$Bw==${DIGEST}",
    f"$pbkdf2-sha256$10000001${PARTS}",
    f"$pbkdf2-sha512$i=4294967295,l=32${PARTS}",
    f"$pbkdf2-sha1$i=9000000,l=32${PARTS}",
    f"pbkdf2_sha256$99999999999999999999$saltsalt${DIGEST}=",
    BCRYPT.replace("$04$", "$16$"),
    BCRYPT.replace("$04$", "$31$"),
    "bcrypt_sha256$" + BCRYPT.replace("$04$", "$20$"),
    "$P$S" + "a" * 29 + ".",
    "$H$z" + "a" * 29 + ".",
    f"$pbkdf2-sha256${'9' * 900}${PARTS}",
]
STRANGE = [
    "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99", "sha1$salt$2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
    "5f4dcc3b5aa765d61d8327deb882cf99", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "{SSHA}", "{SSHA}AAAA", "{ssha}W6ph5Mm5Pz8GgiULbPgzG37mj9gAAAAA",
    "$1$saltsalt$2vnaRpHa6Jxjz5n83ok8Z0", "$6$saltsalt$x", "$2x$" + BCRYPT[4:], "$2$" + BCRYPT[4:], "plain", "!", "*", "$", "$$$$$",
    f"$argon2id$v=16$m=64,t=1,p=1${PARTS}", f"$argon2id$m=64,t=1,p=1${PARTS}", f"$argon2id$v=19$t=1,m=64,p=1${PARTS}",
    f"$argon2id$v=19$m=64,t=1,p=1,data=AAAA${PARTS}", f"$argon2id$v=19$m=0,t=1,p=1${PARTS}", f"$argon2id$v=19$m=64,t=-1,p=1${PARTS}",
    f"$argon2id$v=19$m=64,t=1,p=16${PARTS}", f"$argon2id$v=19$m=6_4,t=1,p=1${PARTS}", f"$argon2id$v=19$m=064,t=1,p=1${PARTS}",
    f"$argon2id$v=19$m=٦٤,t=1,p=1${PARTS}", f"$argon2id$v=19$m=64,t=1,p=1$c2FsdA${DIGEST}", f"$argon2id$v=19$m=64,t=1,p=1${SALT}$AAAA",
    f"$pbkdf2-md5$1000${PARTS}", f"$pbkdf2-sha256$0${PARTS}", f"$pbkdf2-sha256$i=1000,l=31${PARTS}", f"$pbkdf2-sha256$1000$AAAA${DIGEST}",
    f"$pbkdf2-sha256$1000${SALT}$AA", f"$pbkdf2-sha256$ 1000${PARTS}", f"pbkdf2_sha512$1000$saltsalt${DIGEST}=", f"pbkdf2_sha256$1000$s${DIGEST}=",
    f"$scrypt$ln=0,r=8,p=1${PARTS}", f"$scrypt$ln=1000,r=8,p=1${PARTS}", f"$scrypt$ln=14,r=0,p=1${PARTS}", f"$scrypt$r=8,ln=14,p=1${PARTS}",
    f"scrypt$15$saltsalt$8$1${DIGEST}=", f"scrypt$16$saltsalt$8${DIGEST}=", f"$firescrypt$ln=14,r=8,p=1${PARTS}$Bw==$AAAA",
    f"$firescrypt$ln=14,r=8,p=1${PARTS}", BCRYPT.replace("$04$", "$03$"), BCRYPT.replace("$04$", "$4$"), "bcrypt_sha256$plain", "bcrypt$", "argon2$",
]  # fmt: skip


@pytest.fixture
async def passwords() -> AsyncIterator[Argon2Passwords]:
    pool = HashingPool(2, patience=60)
    yield Argon2Passwords(pool, memory=64, passes=1)
    pool.close()


def broken(kept: str) -> Iterator[str]:
    """Yield what is like `kept`, and no hash."""
    yield from (kept + end for end in ("===", "*", "\n", "$", "\0", "é", " "))
    yield from (" " + kept, kept[1:], kept * 20, kept.rstrip("=")[:-1] + "-")
    if "$" in kept:
        yield from (kept.replace("$", "", 1) if kept[0] == "$" else kept.replace("$", "§"), kept.replace("$", "$$"))
    yield kept.rpartition("$")[0]
    # The last character holds bits that mean nothing: one more than it decodes to the same bytes, when read leniently.
    if kept.endswith("="):
        bare = kept.rstrip("=")
        yield bare[:-1] + chr(ord(bare[-1]) + 1) + "=" * (len(kept) - len(bare))


@pytest.mark.parametrize("name", vectors())
async def test_e21_verifies_every_format_and_hashes_it_anew(passwords: Argon2Passwords, name: str) -> None:
    password, theirs = vectors()[name]
    kept = passwords.adopt(theirs)
    assert await passwords.prove(kept, password + "x") == (False, None)
    fits, renewed = await passwords.prove(kept, password)
    assert fits
    assert renewed
    assert renewed.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert await passwords.prove(renewed, password) == (True, None)


def test_e21_f14_refuses_everything_malformed() -> None:
    accepted = []
    tried = 0
    for text in [*STRANGE, *(each for _, kept in vectors().values() for each in broken(kept))]:
        tried += 1
        try:
            formats.read(text)
        except PasswordHashUnusable as refusal:
            told = str(refusal)
        else:
            told = text
        if text and text in told:
            accepted.append(text)
    assert not accepted, "each is refused, without repeating it"
    assert tried > 500


@pytest.mark.parametrize("kept", HOSTILE, ids=range(len(HOSTILE)))
def test_p15_e21_refuses_hostile_costs_in_no_time(passwords: Argon2Passwords, kept: str) -> None:
    started = process_time()
    with pytest.raises(PasswordHashUnusable):
        passwords.adopt(kept)
    assert process_time() - started < 0.010


async def test_p15_a_hostile_hash_that_is_kept_already_is_nobodys(passwords: Argon2Passwords) -> None:
    for kept in HOSTILE:
        assert await passwords.prove("imported:" + kept, PASSWORD) == (False, None)


async def test_f14_bcrypt_and_more_than_72_bytes(passwords: Argon2Passwords) -> None:
    kept = passwords.adopt(bcrypt.hashpw(b"A" * 72, bcrypt.gensalt(4)).decode())
    assert await passwords.verify(kept, "A" * 72)
    for longer in ("A" * 73, "A" * 72 + "B", "A" * 256, "é" * 72, "A" * 71 + "é"):
        assert not await passwords.verify(kept, longer)


async def test_p2_django_bcrypt_sha256_tells_long_twins_apart(passwords: Argon2Passwords) -> None:
    from django.contrib.auth.hashers import BCryptSHA256PasswordHasher  # noqa: PLC0415 - configured by `vectors`

    kept = passwords.adopt(BCryptSHA256PasswordHasher().encode("A" * 72 + "B", bcrypt.gensalt(4)))
    assert await passwords.verify(kept, "A" * 72 + "B")
    assert not await passwords.verify(kept, "A" * 72 + "C")


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
async def test_p4_imported_hashes_are_tried_as_typed_then_in_normal_form(
    passwords: Argon2Passwords, form: Form
) -> None:
    typed = "ﬁne café très noir ①"
    theirs = passwords.adopt(bcrypt.hashpw(normalize(form, typed).encode(), bcrypt.gensalt(4)).decode())
    fits, renewed = await passwords.prove(theirs, normalize(form, typed))
    assert fits
    for other in get_args(Form):
        assert await passwords.verify(renewed, normalize(other, typed)), "once it is ours, every spelling is the same"
    if form == "NFKC":
        assert await passwords.verify(theirs, normalize("NFD", typed))


@pytest.mark.parametrize("password", ["x\0y", "\ud800", "x" * 257, ""], ids=ascii)
async def test_p5_what_is_no_password_is_not_one_of_theirs(passwords: Argon2Passwords, password: str) -> None:
    for _, kept in vectors().values():
        assert not await passwords.verify(passwords.adopt(kept), password)


async def test_p8_imported_hashes_cost_what_nobody_costs_and_their_own(
    passwords: Argon2Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    for name in ("verify", "hash"):
        ours = getattr(passwords._hasher, name)

        def counted(*args: str, ours: Any = ours, name: str = name) -> object:
            made.append(name)
            return ours(*args)

        monkeypatch.setattr(type(passwords._hasher), name, staticmethod(counted))
    theirs = passwords.adopt(vectors()["ldap_salted_sha1"][1])
    for kept, password, renew in (
        (None, PASSWORD, True),
        (theirs, "wrong " + PASSWORD, True),
        (theirs, PASSWORD, False),
        (theirs, PASSWORD, True),
    ):
        made.clear()
        await passwords.prove(kept, password, renew=renew)
        assert len(made) == 1, "one Argon2id each"

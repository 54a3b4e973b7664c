# ruff: noqa: RUF001 - letters that look alike are what is tested
import asyncio
import threading
from collections.abc import AsyncIterator

import argon2
import bcrypt
import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from core.hashing import HashingPool
from core.password_rules import PasswordRules, _commonest
from core.passwords import Argon2Passwords
from domain.identity.errors import PasswordTooWeak
from domain.kernel.errors import Overloaded
from tests.contracts.passwords import GOOD, PasswordsContract


@pytest.fixture
async def pool() -> AsyncIterator[HashingPool]:
    made = HashingPool(2, patience=9)
    yield made
    made.close()


@pytest.fixture
def passwords(pool: HashingPool) -> Argon2Passwords:
    return Argon2Passwords(pool, memory=64, passes=1)


class TestArgon2Passwords(PasswordsContract):
    theirs = bcrypt.hashpw(GOOD.encode(), bcrypt.gensalt(4)).decode()

    @pytest.fixture
    def passwords(self, pool: HashingPool) -> Argon2Passwords:
        return Argon2Passwords(pool, memory=64, passes=1)


def refused(passwords: PasswordRules, password: str, *context: str) -> str | None:
    try:
        passwords.check(password, context)
    except PasswordTooWeak as refusal:
        return refusal.detail
    return None


async def test_f15_hashes_with_what_owasp_asks_for(pool: HashingPool) -> None:
    passwords = Argon2Passwords(pool)
    kept = await passwords.hash(GOOD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.verify(kept, GOOD)


async def test_f15_hashes_again_when_the_parameters_change(pool: HashingPool) -> None:
    before, after = Argon2Passwords(pool, memory=64, passes=1), Argon2Passwords(pool, memory=128, passes=2)
    kept = await before.hash(GOOD)
    assert await before.prove(kept, GOOD) == (True, None)
    fits, renewed = await after.prove(kept, GOOD)
    assert fits
    assert renewed
    assert "$m=128,t=2,p=1$" in renewed
    assert await after.prove(renewed, GOOD) == (True, None)
    assert await after.prove(kept, GOOD + "x") == (False, None)


async def test_f15_refuses_when_too_many_hashes_wait() -> None:
    pool, release = HashingPool(1, patience=1), threading.Event()
    passwords = Argon2Passwords(pool, memory=64, passes=1)
    pool._cost = 1.5
    busy = asyncio.create_task(pool.run(release.wait, 5))
    await asyncio.sleep(0)
    for refused in (passwords.hash(GOOD), passwords.verify(None, GOOD)):
        with pytest.raises(Overloaded):
            await refused
    with pytest.raises(Overloaded):
        passwords.admit()
    release.set()
    await busy
    passwords.admit()
    pool.close()


async def test_p8_nobody_costs_what_everybody_costs(pool: HashingPool) -> None:
    passwords = Argon2Passwords(pool, memory=1024, passes=3, lanes=2)
    nobody, somebody = (argon2.extract_parameters(kept) for kept in (passwords._nobody, await passwords.hash(GOOD)))
    assert nobody == somebody


async def test_p8_nobody_is_hashed_for(passwords: Argon2Passwords, pool: HashingPool) -> None:
    pool._cost = 100.0
    assert not await passwords.verify(None, GOOD)
    assert pool._cost < 100.0, "a job ran in the pool"


@pytest.mark.parametrize(
    "password", ["x" * 257, "é" * 600, "x" * 10_000_000, GOOD + "\0", "\ud800"], ids=lambda p: ascii(p)[:12]
)
async def test_p6_never_hashes_what_is_no_password(
    passwords: Argon2Passwords, pool: HashingPool, password: str
) -> None:
    kept = await passwords.hash(GOOD)
    pool._cost = 100.0
    assert not await passwords.verify(kept, password)
    assert not await passwords.verify(None, password)
    with pytest.raises(PasswordTooWeak):
        await passwords.hash(password)
    assert pool._cost == 100.0, "no job ran in the pool"


async def test_f14_long_twins_differ(passwords: Argon2Passwords) -> None:
    kept = await passwords.hash("A" * 72 + "B")
    assert await passwords.verify(kept, "A" * 72 + "B")
    assert not await passwords.verify(kept, "A" * 72 + "C")
    assert not await passwords.verify(kept, "A" * 72)


async def test_f14_a_kept_hash_in_other_base64_is_no_other_password(passwords: Argon2Passwords) -> None:
    kept = await passwords.hash(GOOD)
    for changed in (
        kept + "=",
        kept + "\n",
        kept[:-1],
        kept.replace("$argon2id", "$argon2i"),
        kept.upper(),
        kept + "$",
    ):
        assert not await passwords.verify(changed, GOOD)


@pytest.mark.parametrize(
    "costs",
    ["m=4194304,t=100,p=1", "m=64,t=4000000000,p=1", "m=64,t=1,p=255", "m=99999999999999999999,t=1,p=1", "m=-1,t=1,p=1",
     "m=x,t=1,p=1", "m=64,t=1"],
)  # fmt: skip
async def test_p15_a_hostile_kept_hash_costs_no_more(passwords: Argon2Passwords, costs: str) -> None:
    kept = passwords._nobody.replace("m=64,t=1,p=1", costs)
    assert kept != passwords._nobody
    assert not await passwords.verify(kept, GOOD)


async def test_p4_composed_and_decomposed_are_one_password(passwords: Argon2Passwords) -> None:
    kept = await passwords.hash("un caf\u00e9 tr\u00e8s noir")
    assert await passwords.verify(kept, "un cafe\u0301 tre\u0300s noir")
    assert await passwords.verify(kept, "ｕn cafe\u0301 tre\u0300s noir")
    assert not await passwords.verify(kept, "un cafe tres noir")


def test_p1_counts_code_points() -> None:
    passwords = PasswordRules()
    assert refused(passwords, "four small wor") == "at least 15 characters"
    assert refused(passwords, "four small word") is None
    assert refused(passwords, "ȧḃċḋėḟġḣ ïjkłṁñ" + "😀") is None
    assert refused(passwords, "abc " * 64 + "x") == "at most 256 characters, none of them NUL"
    assert refused(passwords, "".join(chr(0x4E00 + at) for at in range(256))) is None
    assert refused(passwords, "".join(chr(0x20000 + at) for at in range(256))) is None


@pytest.mark.parametrize("minimum", [0, 7])
def test_p1_eight_is_the_least_minimum(minimum: int) -> None:
    with pytest.raises(ValueError, match="at least 8"):
        PasswordRules(minimum)


def test_p2_asks_for_no_kinds_of_characters() -> None:
    passwords = PasswordRules()
    for password in (
        GOOD,
        "onlysmallletterswithoutaspace",
        "482 109 577 301 66",
        "УТРОМ НА БЕРЕГУ ТИХО",
        "    spaces   count   ",
    ):
        assert refused(passwords, password) is None


def test_p3_accepts_none_of_the_commonest() -> None:
    passwords = PasswordRules(8)
    commonest = FREQUENCY_LISTS["passwords"]
    assert len(commonest) >= 20_000
    assert not [word for word in commonest if refused(passwords, word) is None]
    assert not [word for word in commonest[:2000] if refused(passwords, word.upper()) is None]
    assert _commonest() is _commonest()


@pytest.mark.parametrize(
    "password",
    ["password" * 2, "PassWordPassWord", "1234567890" * 2, "123456789012345", "aaaaaaaaaaaaaaaa", "abababababababab",
     "abcabcabcabcabcab", "monkeymonkeymonkey", "qwertyqwertyqwer"],
)  # fmt: skip
def test_p3_accepts_no_repetition_of_them(password: str) -> None:
    assert refused(PasswordRules(), password)


@pytest.mark.parametrize(
    "password",
    ["gatewright-2026!", "GATEWRIGHT123456", "gatewrightgatewright", "ada.lovelace2026", "2026-ADA.LOVELACE", "ada lovelace ada 1",
     "lovelace_gatewright", "ｇａｔｅｗｒｉｇｈｔ １２３４５６"],
)  # fmt: skip
def test_p3_accepts_no_name_that_everybody_knows(password: str) -> None:
    assert refused(PasswordRules(), password, "ada.lovelace", "ada", "Lovelace")


def test_p3_a_name_within_a_good_password_is_fine() -> None:
    passwords = PasswordRules()
    assert refused(passwords, "ada walks along the shore", "ada") is None
    assert refused(passwords, "no 4821 of a kind 7 x", "a", "", "of") is None


def test_i10_refusals_do_not_repeat_the_password() -> None:
    passwords = PasswordRules()
    for password in ("canary", "canarycanarycanarycanary", "canary" * 100):
        detail = refused(passwords, password, "canary")
        assert detail
        assert "canary" not in detail

"""What the port `Passwords` promises."""

from abc import abstractmethod

import pytest

from domain.identity.errors import PasswordHashUnusable, PasswordTooWeak
from domain.identity.ports import Passwords

GOOD = "a lantern over the quiet harbour"


class PasswordsContract:
    theirs: str
    """A hash of `GOOD` that another system made."""

    @pytest.fixture
    @abstractmethod
    def passwords(self) -> Passwords: ...

    async def test_verifies_what_it_hashed(self, passwords: Passwords) -> None:
        kept = await passwords.hash(GOOD)
        assert GOOD not in kept
        assert await passwords.verify(kept, GOOD)
        assert not await passwords.verify(kept, GOOD + " ")
        assert await passwords.prove(kept, GOOD) == (True, None)

    async def test_nobody_has_any_password(self, passwords: Passwords) -> None:
        assert not await passwords.verify(None, GOOD)
        assert not await passwords.verify(None, "")

    @pytest.mark.parametrize("kept", ["", "!", GOOD, "$argon2id$", "$2b$12$abc", "\0", "\ud800"])
    async def test_what_is_no_hash_has_no_password(self, passwords: Passwords, kept: str) -> None:
        assert not await passwords.verify(kept, GOOD)
        assert await passwords.prove(kept, GOOD) == (False, None)

    async def test_e21_what_others_hashed_is_verified_and_hashed_anew(self, passwords: Passwords) -> None:
        kept = passwords.adopt(self.theirs)
        assert await passwords.verify(kept, GOOD)
        assert await passwords.prove(kept, GOOD + " ") == (False, None)
        assert await passwords.prove(kept, GOOD, renew=False) == (True, None)
        fits, renewed = await passwords.prove(kept, GOOD)
        assert fits
        assert renewed
        assert await passwords.prove(renewed, GOOD) == (True, None)

    @pytest.mark.parametrize("text", ["", "!", GOOD, "imported:" + GOOD, "$argon2id$", "\0", "\ud800"])
    def test_e21_what_is_no_hash_is_not_adopted(self, passwords: Passwords, text: str) -> None:
        with pytest.raises(PasswordHashUnusable):
            passwords.adopt(text)

    async def test_equal_passwords_are_kept_differently(self, passwords: Passwords) -> None:
        assert await passwords.hash(GOOD) != await passwords.hash(GOOD)

    @pytest.mark.parametrize("password", [GOOD, "😀" * 64, "ünïcödé " * 4, "no rules: only words"], ids=lambda p: p[:8])
    def test_accepts_long_passwords_of_any_characters(self, passwords: Passwords, password: str) -> None:
        passwords.check(password)

    @pytest.mark.parametrize("password", ["", "short", "x" * 257, "nul \0 " + GOOD, "😀" * 257, "\ud800" + GOOD])
    def test_refuses_what_is_no_password(self, passwords: Passwords, password: str) -> None:
        with pytest.raises(PasswordTooWeak):
            passwords.check(password)

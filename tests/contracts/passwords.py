"""What the port `Passwords` promises."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

import pytest

from domain.identity.errors import PasswordTooWeak

GOOD = "a lantern over the quiet harbour"


class Passwords(Protocol):
    def check(self, password: str, context: Sequence[str] = ()) -> None: ...
    async def hash(self, password: str) -> str: ...
    async def verify(self, kept: str | None, password: str) -> bool: ...
    def outdated(self, kept: str) -> bool: ...


class PasswordsContract:
    @pytest.fixture
    @abstractmethod
    def passwords(self) -> Passwords: ...

    async def test_verifies_what_it_hashed(self, passwords: Passwords) -> None:
        kept = await passwords.hash(GOOD)
        assert GOOD not in kept
        assert await passwords.verify(kept, GOOD)
        assert not await passwords.verify(kept, GOOD + " ")
        assert not passwords.outdated(kept)

    async def test_nobody_has_any_password(self, passwords: Passwords) -> None:
        assert not await passwords.verify(None, GOOD)
        assert not await passwords.verify(None, "")

    @pytest.mark.parametrize("kept", ["", "!", GOOD, "$argon2id$", "$2b$12$abc", "\0", "\ud800"])
    async def test_what_is_no_hash_has_no_password(self, passwords: Passwords, kept: str) -> None:
        assert not await passwords.verify(kept, GOOD)
        assert passwords.outdated(kept)

    async def test_equal_passwords_are_kept_differently(self, passwords: Passwords) -> None:
        assert await passwords.hash(GOOD) != await passwords.hash(GOOD)

    @pytest.mark.parametrize("password", [GOOD, "😀" * 64, "ünïcödé " * 4, "no rules: only words"], ids=lambda p: p[:8])
    def test_accepts_long_passwords_of_any_characters(self, passwords: Passwords, password: str) -> None:
        passwords.check(password)

    @pytest.mark.parametrize("password", ["", "short", "x" * 257, "nul \0 " + GOOD, "😀" * 257, "\ud800" + GOOD])
    def test_refuses_what_is_no_password(self, passwords: Passwords, password: str) -> None:
        with pytest.raises(PasswordTooWeak):
            passwords.check(password)

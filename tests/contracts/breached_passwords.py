"""What the port `BreachedPasswords` promises."""

import asyncio
from abc import abstractmethod
from hashlib import sha1
from typing import Final

import pytest

from domain.identity.ports import BreachedPasswords

STOLEN: Final = ("correct horse battery staple", "un café très noir ici", "😀" * 20, "x")


def digest(password: str) -> str:
    """Return how a password is published."""
    return sha1(password.encode()).hexdigest().upper()


PUBLISHED: Final = sorted({digest(each) for each in STOLEN} | {digest(f"filler {each}") for each in range(3000)})
"""With `STOLEN` in it."""


class BreachedPasswordsContract:
    @pytest.fixture
    @abstractmethod
    def breached(self) -> BreachedPasswords: ...

    async def test_p3_knows_what_was_stolen(self, breached: BreachedPasswords) -> None:
        for password in (*STOLEN, *(f"filler {each}" for each in range(0, 3000, 61))):
            assert await breached.includes(password), password

    async def test_p3_knows_nothing_else(self, breached: BreachedPasswords) -> None:
        for password in ("", "X", STOLEN[0] + " ", STOLEN[0].upper(), *(f"another {each}" for each in range(50))):
            assert not await breached.includes(password), password

    async def test_is_asked_by_many_at_once(self, breached: BreachedPasswords) -> None:
        asked = [STOLEN[0], "nobody's"] * 20
        assert await asyncio.gather(*map(breached.includes, asked)) == [True, False] * 20

"""Attempts to sign in."""

from asyncio import Barrier
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from domain.identity.verification import SLOW, delay
from domain.kernel.access import Origin
from domain.sessions.commands.sign_in import SignIn
from domain.sessions.errors import SignInRefused
from tests.support.app import App
from tests.support.memory.identity import PlainPasswords

HERE, THERE = Origin("192.0.2.1", "Firefox"), Origin("198.51.100.1")
WRONG = "not the password at all"


async def fail(app: App, times: int, origin: Origin = HERE) -> None:
    """Guess wrong so many times, as fast as guesses count."""
    for number in range(times):
        if number >= SLOW:
            app.clock.pass_by(delay(number))
        with pytest.raises(SignInRefused):
            await app.send(SignIn(email="ada@example.com", password=WRONG), origin=origin)


@dataclass
class Overtaken(PlainPasswords):
    """Lets something happen between the proof and the session."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def prove(self, kept: str | None, password: str, *, renew: bool = True) -> tuple[bool, str | None]:
        proved = await PlainPasswords.prove(self, kept, password, renew=renew)
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        return proved


@dataclass
class Together(PlainPasswords):
    """Judges nobody before as many are there as `gate` waits for."""

    gate: Barrier | None = None

    async def prove(self, kept: str | None, password: str, *, renew: bool = True) -> tuple[bool, str | None]:
        if self.gate:
            await self.gate.wait()
        return await PlainPasswords.prove(self, kept, password, renew=renew)

"""Ask the issuer about single tokens (RFC 7662)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import msgspec

from gatewright_verifier.asking import Issuer, NoAnswer
from gatewright_verifier.errors import Unavailable
from gatewright_verifier.revocations import unset_clock

PATH: Final = "/auth/introspect"
MOST: Final = 1 << 16
REMEMBERED: Final = 10_000


class Introspected(msgspec.Struct, frozen=True):
    """What counts of the answer."""

    active: bool


@dataclass(slots=True)
class Introspection:
    """Ask whether tokens are active, a few at a time, each within `patience` seconds.

    An answer holds for `good_for` seconds after the question: the same bound that holds for what is followed.
    """

    issuer: Issuer
    good_for: float = 2.0
    patience: float = 1.0
    at_once: int = 32
    monotonic: Callable[[], float] = unset_clock
    _known: dict[bytes, tuple[bool, float]] = field(default_factory=dict, init=False)
    _places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.at_once)

    async def is_active(self, text: bytes) -> bool:
        """Return whether the issuer calls the token active, or raise `Unavailable`."""
        digest = sha256(text).digest()
        try:
            async with asyncio.timeout(self.patience), self._places:
                found = self._known.get(digest)
                if found and self.monotonic() < found[1]:
                    return found[0]
                asked = self.monotonic()
                active = await self._ask(text)
        except (NoAnswer, TimeoutError, msgspec.DecodeError) as error:
            raise Unavailable("the issuer does not say whether the token is active") from error
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[digest] = active, asked + self.good_for
        return active

    async def _ask(self, text: bytes) -> bool:
        form = {"token": text.decode(), "token_type_hint": "access_token"}
        answer = await self.issuer.post(PATH, patience=self.patience, most=MOST, data=form)
        if answer.status != 200:  # noqa: PLR2004 - OK
            raise NoAnswer(f"status {answer.status}")
        return _introspected.decode(answer.body).active


_introspected: Final = msgspec.json.Decoder(Introspected)

"""The keys that the issuer publishes (RFC 7517), fetched seldom and kept whatever happens."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from logging import getLogger
from typing import Final, NoReturn

from gatewright_verifier.asking import Answer, Issuer, NoAnswer
from gatewright_verifier.errors import Unavailable
from gatewright_verifier.jwk import Key
from gatewright_verifier.keys import Keys, KeySet
from gatewright_verifier.revocations import unset_clock

PATH: Final = "/.well-known/jwks.json"
MOST: Final = 1 << 18
"""Bytes of a set."""
SOON: Final = 1.0
"""Seconds between two questions while no keys were ever had."""
_log = getLogger(__name__)


@dataclass(slots=True)
class PublishedKeys(Keys):
    """The published keys, as they were when they could last be fetched.

    An issuer publishes a key before it signs with it; so `every` finds new keys in time, and a token that names an
    unknown one is reason to ask, but not again within `cool_down`: whoever makes up ids starts no storm.
    """

    issuer: Issuer
    every: float = 300.0
    cool_down: float = 10.0
    patience: float = 5.0
    monotonic: Callable[[], float] = unset_clock
    _set: KeySet | None = field(default=None, init=False)
    _tag: str | None = field(default=None, init=False)
    _again: float = field(default=0.0, init=False)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def find(self, kid: str) -> Key | None:
        return self._set.find(kid) if self._set else None

    async def learn(self) -> None:
        """Ask for the keys, unless that was tried a moment ago; whoever comes meanwhile waits for the same answer.

        Raise `Unavailable` if no keys were ever had; those that were are kept when the issuer does not answer.
        """
        async with self._asking:
            if self.monotonic() >= self._again:
                await self._fetch()
        if self._set is None:
            raise Unavailable("no keys could be fetched")

    async def run(self) -> NoReturn:
        """Keep the keys current until cancelled."""
        while True:
            # Spread, so that services which were started together do not ask together for ever.
            await asyncio.sleep(self.every * random.uniform(0.9, 1.0) if self._set else SOON)  # noqa: S311
            async with self._asking:
                await self._fetch()

    async def _fetch(self) -> None:
        headers = {"if-none-match": self._tag} if self._tag else {}
        try:
            answer = await self.issuer.get(PATH, patience=self.patience, most=MOST, known=False, headers=headers)
            if answer.status == 304 and self._set:  # noqa: PLR2004 - not modified
                return
            self._set, self._tag = self._kept(_read(answer)), answer.tag
        except (NoAnswer, ValueError) as error:
            _log.warning("the keys cannot be fetched, those known stay: %s", error)
        finally:
            self._again = self.monotonic() + (self.cool_down if self._set else SOON)

    def _kept(self, found: KeySet) -> KeySet:
        """Keep the objects of keys that are the same, so that what was verified with them need not be again."""
        known = self._set.keys if self._set else {}
        keys = {
            kid: known[kid] if kid in known and known[kid].public == key.public else key
            for kid, key in found.keys.items()
        }
        return KeySet(keys)


def _read(answer: Answer) -> KeySet:
    if answer.status != 200:  # noqa: PLR2004 - OK
        raise NoAnswer(f"status {answer.status}")
    return KeySet.read(answer.body.decode())

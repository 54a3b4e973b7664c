"""The keys in the database, which every process looks at all the time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from logging import getLogger
from typing import Final, NoReturn, Protocol

from core.key_forge import KeySafe
from core.retrying import forever
from core.ring import Condition, Published, Ring, published
from domain.kernel.errors import Unavailable
from domain.keys.models import KeyState
from domain.keys.policies import KeyPolicy
from gatewright_verifier.jwk import Key

PAUSE: Final = 0.5
"""Seconds between two looks."""
REST: Final = 1.0
"""Seconds between two looks because of keys that nobody knows: whoever makes them up costs us no more."""
NOT_OPENED: Final = (
    "the master secret does not open the signing key: name the one of before in GATEWRIGHT_PREVIOUS_SECRETS, "
    "or remove the key with `gatewright keys remove`"
)
_log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RingRow:
    """A key as the database has it."""

    kid: str
    algorithm: str
    state: KeyState
    sealed: bytes = field(repr=False)
    published_at: datetime
    activated_at: datetime | None


class RingSource(Protocol):
    """Where the keys are the truth."""

    async def look(self) -> tuple[datetime, Sequence[RingRow]]:
        """Return the time there and every key that is neither removed nor expired, the oldest first.

        Raise whatever keeps it from answering.
        """


@dataclass(slots=True)
class LiveRing(Ring):
    """The keys in the database. `run` it beside the requests.

    While the database is away it goes on with what it has. Before it has anything it raises `Unavailable`.
    """

    source: RingSource
    safe: KeySafe
    policy: KeyPolicy
    tend: Callable[[], Awaitable[object]]
    """Makes the first keys; called when a look finds none that signs."""
    looked: Callable[[Condition], None] = lambda _: None
    """Called after each look: the metrics."""
    monotonic: Callable[[], float] = time.monotonic
    _keys: dict[str, Key] = field(default_factory=dict, init=False)
    _signing: Key | None = field(default=None, init=False)
    _condition: Condition = field(default=Condition(usable=False, trouble="no look has succeeded yet"), init=False)
    _shown: Published | None = field(default=None, init=False)
    _asked: float = field(default=0.0, init=False)
    _missed: int = field(default=0, init=False)
    _rested: float = field(default=0.0, init=False)
    _again: asyncio.Task[None] | None = field(default=None, init=False)
    _one: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _woken: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def signing(self) -> Key:
        """See `Keys.signing`; raises `Unavailable` without a key that this process can sign with."""
        if self._signing is None:
            raise Unavailable
        return self._signing

    @property
    def condition(self) -> Condition:
        """See `Ring.condition`."""
        return self._condition

    def find(self, kid: str) -> Key | None:
        """See `Keys.find`; raises `Unavailable` before the first look has succeeded."""
        key = self._keys.get(kid)
        if key is None:
            if self._shown is None:
                raise Unavailable
            self._missed += 1
        return key

    def published(self) -> Published:
        """See `Ring.published`.

        Who cannot ask the database may show a set that lacks a new key. Its age counts as if it had been kept by the
        reader, so that nobody keeps it beyond the moment when that key may sign.
        """
        if self._shown is None:
            raise Unavailable
        late = self.monotonic() - self._asked - self.policy.margin.total_seconds()
        if late <= 0:
            return self._shown
        return Published(self._shown.keys, self._shown.etag, max(0, int(self._shown.max_age - late)))

    def missed(self) -> int:
        """See `Ring.missed`."""
        return self._missed

    async def look_again(self) -> bool:
        """See `Ring.look_again`. Everybody who waits gets the same look, and the next one has to wait."""
        if self._again is None or self._again.done():
            if self.monotonic() < self._rested:
                return False
            self._rested = self.monotonic() + REST
            self._again = asyncio.create_task(self._quietly())
        await asyncio.shield(self._again)
        return True

    def wake(self) -> None:
        """Look now: this process has changed the ring."""
        self._woken.set()

    async def run(self) -> NoReturn:
        """Look twice a second until cancelled."""
        await forever("the key ring", self._serve)

    async def look(self) -> None:
        """Take over what the database says; raise what keeps it from answering."""
        async with self._one:
            asked = self.monotonic()
            now, rows = await self.source.look()
            if not any(row.state is KeyState.ACTIVE for row in rows):
                await self.tend()
                now, rows = await self.source.look()
            self._take(now, rows)
            self._asked = asked
        self.looked(self._condition)

    async def _serve(self) -> None:
        while True:
            self._woken.clear()
            await self.look()
            try:
                async with asyncio.timeout(PAUSE):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _quietly(self) -> None:
        try:
            await self.look()
        except Exception as error:  # noqa: BLE001 - whoever asked is refused for the key; `run` tells of the outage
            _log.debug("no look at the key ring", exc_info=error)

    def _take(self, now: datetime, rows: Sequence[RingRow]) -> None:
        keys: dict[str, Key] = {}
        for row in rows:
            if key := self._opened(row):
                keys[row.kid] = key
        active = next((row for row in rows if row.state is KeyState.ACTIVE), None)
        waiting = next((row for row in rows if row.state is KeyState.NEXT), None)
        signing = keys.get(active.kid) if active else None
        if keys.keys() != self._keys.keys() or self._shown is None:
            public = [dict(key.public) for key in keys.values() if key.public]
            self._shown = published(public, int(self.policy.cached.total_seconds()))
        self._keys, self._signing = keys, signing if signing and signing.sign else None
        self._condition = self._judged(now, active, waiting)

    def _opened(self, row: RingRow) -> Key | None:
        """Return the key; the same object as before, so that tokens verified with it need not be verified again."""
        known = self._keys.get(row.kid)
        if known and (known.sign or row.state is KeyState.RETIRED):
            return known
        try:
            return self.safe.key(row.kid, row.sealed)
        except ValueError:
            return None

    def _judged(self, now: datetime, active: RingRow | None, waiting: RingRow | None) -> Condition:
        if active is None:
            return Condition(usable=False, trouble="no key signs")
        age = (now - active.activated_at).total_seconds() if active.activated_at else None
        if self._signing is None:
            return Condition(usable=False, trouble=NOT_OPENED, age=age)
        if waiting is None:
            return Condition(usable=True, trouble="no key waits to follow: is a worker running?", age=age)
        if self.policy.is_overdue(active, waiting, now):
            return Condition(usable=True, trouble="the rotation is overdue: is a worker running?", age=age)
        return Condition(usable=True, age=age)

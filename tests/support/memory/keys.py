"""Signing keys in memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from domain.kernel.errors import ConcurrentChange
from domain.kernel.ports import Clock
from domain.keys.models import HeldRing, KeyState, SigningKey
from domain.keys.policies import KeyPolicy
from domain.keys.ports import KeyLists
from domain.keys.repositories import SigningKeys
from domain.keys.schemas import KeyDetails, details
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork

KEYS = "signing_keys"
"""By id."""
ALONE = {KeyState.NEXT, KeyState.ACTIVE}


@dataclass(frozen=True, slots=True)
class MemorySigningKeys(SigningKeys):
    work: MemoryWork

    async def hold(self) -> HeldRing:
        now = self.work.clock.now()
        rows: list[SigningKey] = (await self.work.begin()).table(KEYS).values()
        live = [key for key in rows if key.expires_at is None or key.expires_at > now]
        return HeldRing(now, sorted(live, key=lambda key: (key.published_at, key.kid)))

    async def keep(self, key: SigningKey) -> None:
        table = (await self.work.begin()).table(KEYS)
        rows: list[SigningKey] = [each for each in table.values() if each.id != key.id]
        states = Counter(each.state for each in [*rows, key])
        if any(states[state] > 1 for state in ALONE) or key.kid in {each.kid for each in rows}:
            raise ConcurrentChange
        table.put(key.id, key)


@dataclass(frozen=True, slots=True)
class MemoryKeyLists(KeyLists):
    memory: Memory
    clock: Clock
    policy: KeyPolicy

    async def list(self) -> Sequence[KeyDetails]:
        rows: list[SigningKey] = [*self.memory.table(KEYS).values()]
        live = [key for key in rows if key.expires_at is None or key.expires_at > self.clock.now()]
        return [details(key, self.policy) for key in sorted(live, key=lambda key: key.published_at, reverse=True)]

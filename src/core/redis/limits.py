"""Count attempts across all processes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from core.limits import LocalLimits
from core.redis.client import REDIS_LOST, Breaker, named, pseudonym
from domain.kernel.errors import TooManyRequests

log = logging.getLogger(__name__)

HIT: Final = """
-- KEYS[1]: when the last attempts were admitted, in milliseconds, the oldest first.
-- ARGV: the most attempts within a window, the window in milliseconds.
-- Returns 0 when admitted, else after how many milliseconds the next one will be.
local most, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = redis.call('LINDEX', KEYS[1], -most)
if oldest then
  local age = now - oldest
  -- Below zero the clock was set back, which must not shut anyone out until it has caught up.
  if age >= 0 and age < window then return window - age end
end
redis.call('RPUSH', KEYS[1], now)
redis.call('LTRIM', KEYS[1], -most, -1)
redis.call('PEXPIRE', KEYS[1], window)
return 0
"""


@dataclass(slots=True)
class RedisLimits:
    """Counts in Redis, exactly and in one round trip; in this process alone while Redis does not answer.

    An outage starts from what this process has admitted, not from nothing. It costs a caller `patience` seconds once in
    a few, everyone else nothing. `secret` keeps whose attempts they are from whoever reads Redis.
    """

    redis: Redis
    secret: bytes = field(repr=False)
    local: LocalLimits = field(default_factory=LocalLimits)
    breaker: Breaker = field(default_factory=lambda: Breaker(time.monotonic))
    patience: float = 0.2
    _script: AsyncScript = field(init=False)

    def __post_init__(self) -> None:
        self._script = self.redis.register_script(HIT)

    @property
    def degraded(self) -> bool:
        """Whether attempts are counted in this process alone."""
        return self.breaker.broken

    async def hit(self, name: str, key: str, most: int, seconds: int) -> None:
        """Count one attempt at `name` by `key`, or raise `TooManyRequests`; no limit at all if `most` is 0."""
        if most <= 0:
            return
        wait = await self._answer(lambda: self._script([self._named(name, key)], [most, seconds * 1000]))
        if wait is None:
            await self.local.hit(name, key, most, seconds)
        elif wait:
            raise TooManyRequests(-(-wait // 1000))
        else:
            self.local.count(name, key, most)

    async def clear(self, name: str, key: str) -> None:
        """Forget the attempts at `name` by `key`; during an outage only those that this process knows of."""
        await self.local.clear(name, key)
        await self._answer(lambda: self.redis.delete(self._named(name, key)))

    async def _answer(self, ask: Callable[[], Awaitable[int]]) -> int | None:
        """Return what Redis answers, None if it does not or is not worth asking."""
        if not self.breaker.admits():
            return None
        try:
            async with asyncio.timeout(self.patience):
                answer = await ask()
        except REDIS_LOST as error:
            if self.breaker.failed():
                log.warning("Redis does not answer; each process counts attempts for itself: %r", error)
            return None
        if self.breaker.worked():
            log.warning("Redis answers again; attempts are counted across all processes")
        return answer

    def _named(self, name: str, key: str) -> str:
        return named("limit", pseudonym(self.secret, "limit", name, key))

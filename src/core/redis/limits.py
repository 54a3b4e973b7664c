"""Count attempts across all processes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from core.limits import LocalLimits
from core.redis.client import REDIS_LOST, Breaker, named, pseudonym
from domain.kernel.errors import TooManyRequests
from domain.kernel.ports import Allowance, Limits

T = TypeVar("T")
log = logging.getLogger(__name__)

HIT: Final = """
-- KEYS[1]: when the last attempts were admitted, in milliseconds, the oldest first.
-- ARGV: the most attempts within a window, the window in milliseconds.
-- Returns after how many milliseconds the next one will be admitted, 0 if this one is; then how many more are, and
-- after how many milliseconds the first of those that were will not count any more.
local most, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Below zero the clock was set back, which must not shut anyone out until it has caught up.
local function past(at) return now - at >= window or now - at < 0 end
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and past(oldest) do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
local last = redis.call('LINDEX', KEYS[1], -most)
if last then return {window - (now - last), 0, 0} end
redis.call('RPUSH', KEYS[1], now)
redis.call('PEXPIRE', KEYS[1], window)
return {0, most - redis.call('LLEN', KEYS[1]), window - (now - (oldest or now))}
"""


@dataclass(slots=True)
class RedisLimits(Limits):
    """Counts in Redis, exactly and in one round trip; in this process alone while Redis does not answer.

    An outage starts from what this process has admitted, not from nothing. It costs a caller `patience` seconds once in
    a few, everyone else nothing. `secret` keeps whose attempts they are from whoever reads Redis.
    """

    redis: Redis
    secret: bytes = field(repr=False)
    local: LocalLimits = field(default_factory=LocalLimits)
    breaker: Breaker = field(default_factory=lambda: Breaker(time.monotonic))
    patience: float = 0.2
    share: int = 1
    """Among so many processes a limit is shared while each counts for itself: together they admit no more than it."""
    _script: AsyncScript = field(init=False)

    def __post_init__(self) -> None:
        self._script = self.redis.register_script(HIT)

    @property
    def degraded(self) -> bool:
        """Whether attempts are counted in this process alone."""
        return self.breaker.broken

    async def hit(self, name: str, key: str, most: int, seconds: int) -> Allowance | None:
        """See `Limits.hit`."""
        if most <= 0:
            return None
        answer = await self._answer(lambda: self._script([self._named(name, key)], [most, seconds * 1000]))
        if answer is None:
            return await self.local.hit(name, key, max(1, most // self.share), seconds)
        wait, left, resets = answer
        if wait:
            raise TooManyRequests(-(-wait // 1000))
        self.local.count(name, key, most)
        return Allowance(left, -(-resets // 1000))

    async def clear(self, name: str, key: str) -> None:
        """Forget the attempts at `name` by `key`; during an outage only those that this process knows of."""
        await self.local.clear(name, key)
        await self._answer(lambda: self.redis.delete(self._named(name, key)))

    async def _answer(self, ask: Callable[[], Awaitable[T]]) -> T | None:
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

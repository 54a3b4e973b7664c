"""Connections to Redis, and the names of what is kept there."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest
from typing import Final

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import RedisError

REDIS_LOST: Final = (RedisError, OSError)
"""Every way in which Redis fails to answer. `TimeoutError` is an `OSError`."""


@dataclass(frozen=True, slots=True)
class RedisClients:
    """Two ways to talk to one Redis."""

    requests: Redis
    """For what a caller waits for: gives up soon enough for the caller to do without."""
    consumers: Redis
    """For what waits for Redis: subscriptions and blocking reads, which may be silent for as long as they like."""

    async def close(self) -> None:
        """Close every connection."""
        await self.requests.aclose()
        await self.consumers.aclose()


def redis_clients(url: str, *, connections: int = 32, patience: float = 0.25) -> RedisClients:
    """Prepare clients of the Redis at `url`; nothing is connected before the first command.

    At most `connections` serve requests. A request waits `patience` seconds for one, to connect and for an answer.
    After a silence nothing is sent again, because it may have been done; a lost connection is tried anew, once.
    """
    once_more = Retry(NoBackoff(), 1, supported_errors=(NotConnected,))
    # `patience` must be short by itself: redis-py sends with `asyncio.wait_for`, which before Python 3.12 loses a
    # cancellation now and then, and with it a shorter deadline of the caller.
    requests: BlockingConnectionPool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=patience,
        socket_timeout=patience,
        socket_connect_timeout=patience,
        retry=once_more,
    )
    never = Retry(NoBackoff(), 0)
    consumers: ConnectionPool = ConnectionPool.from_url(
        url, socket_timeout=None, socket_connect_timeout=patience, retry=never
    )
    return RedisClients(Redis.from_pool(requests), Redis.from_pool(consumers))


def named(kind: str, name: str) -> str:
    """Return the Redis key of the thing of `kind` called `name`; what shares a name shares a slot of a cluster."""
    return f"gw:{{{name}}}:{kind}"


def pseudonym(secret: bytes, *parts: str) -> str:
    """Return a name that says nothing about `parts`: they may be addresses of people or machines."""
    return digest(secret, "\0".join(parts).encode(), sha256)[:16].hex()


@dataclass(slots=True)
class Breaker:
    """Leave alone what does not answer: after a failure one caller in `rest` seconds tries it again."""

    clock: Callable[[], float]
    """Monotonic seconds."""
    rest: float = 2.0
    _until: float | None = None

    @property
    def broken(self) -> bool:
        """Whether the last attempt failed."""
        return self._until is not None

    def admits(self) -> bool:
        """Return whether to try now; whoever is told so after a failure tries alone."""
        if self._until is None:
            return True
        if self.clock() < self._until:
            return False
        self._until = self.clock() + self.rest
        return True

    def worked(self) -> bool:
        """Note a success; return whether it ends an outage."""
        ended, self._until = self.broken, None
        return ended

    def failed(self) -> bool:
        """Note a failure; return whether an outage begins with it."""
        began, self._until = not self.broken, self.clock() + self.rest
        return began

"""Sessions outside the pools: what listens, or holds locks, keeps its connection. PgBouncer cannot serve these."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import asyncpg


def plain(url: str) -> str:
    """Return `url` without the name of a driver, as asyncpg wants it."""
    return "postgresql://" + url.partition("://")[2]


class Connects(Protocol):
    """Connect to the primary, by asyncpg. A statement may take `patience` seconds; by default as many as any other."""

    async def connect(self, patience: float | None = None, **settings: str) -> Any: ...


@asynccontextmanager
async def session(database: Connects, name: str, patience: float | None = None) -> AsyncIterator[Any]:
    """Connect as `name`, which is what `pg_stat_activity` shows; `patience` as in `Connects`.

    The connection is cut at the end, not said good-bye to: a server that does not answer cannot hold up a stop.
    """
    connection = await database.connect(patience, application_name=name)
    try:
        yield connection
    finally:
        connection.terminate()


async def direct_pool(database: Connects, name: str, size: int) -> Any:
    """Return an asyncpg pool of up to `size` connections called `name`, none of them made before it is needed."""

    async def connect(*_: Any, **__: Any) -> Any:
        return await database.connect(application_name=name)

    return await asyncpg.create_pool(connect=connect, min_size=0, max_size=size)

"""Sessions outside the pools: what listens, or holds locks, keeps its connection. PgBouncer cannot serve these."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol


class Connects(Protocol):
    """Connect to the primary, by asyncpg."""

    async def connect(self, **settings: str) -> Any: ...


@asynccontextmanager
async def session(database: Connects, name: str) -> AsyncIterator[Any]:
    """Connect as `name`, which is what `pg_stat_activity` shows.

    The connection is cut at the end, not said good-bye to: a server that does not answer cannot hold up a stop.
    """
    connection = await database.connect(application_name=name)
    try:
        yield connection
    finally:
        connection.terminate()

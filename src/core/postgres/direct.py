"""Sessions outside the pool: what listens, or holds locks, keeps its connection. PgBouncer cannot serve these."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

# InternalClientError ("cannot switch to state ...") is what asyncpg raises when the server dies under a transaction's
# rollback; it is neither a PostgresError nor an InterfaceError.
POSTGRES_LOST: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What losing Postgres looks like, to a loop that starts again anyway."""


@asynccontextmanager
async def session(dsn: str, name: str, patience: float = 10) -> AsyncIterator[Any]:
    """Connect as `name`; a statement that takes longer than `patience` seconds raises `TimeoutError`.

    The connection is cut at the end, not said good-bye to: a server that does not answer cannot hold up a stop.
    """
    connection = await asyncpg.connect(
        dsn, timeout=5, command_timeout=patience, server_settings={"application_name": name}
    )
    try:
        yield connection
    finally:
        connection.terminate()

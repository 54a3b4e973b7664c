"""Connections to Postgres: some for commands, others for reads."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
from sqlalchemy import event, exc
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.postgres.direct import plain
from core.postgres.loss import POSTGRES_LOST
from domain.kernel.errors import Unavailable

_FORGOTTEN_AFTER: Final = 10_000
"""Milliseconds after which Postgres ends a transaction in which nothing happens: its process may be frozen."""
_LEAVE: Final = 1.0
"""Seconds a connection has to calm down after its statement was cancelled; afterwards it is cut."""


@dataclass(slots=True)
class Database:
    """Two pools, so that a storm of commands cannot starve reads: `engine` for commands, another for `read`.

    Nothing connects before it is needed, so a process starts while Postgres is away, and survives its restarts.
    """

    url: str
    """`postgresql://`, `postgres://` or `postgresql+asyncpg://`; a socket's folder as `?host=`."""
    size: int = 10
    """Connections in each of the two pools."""
    wait: float = 2.0
    """Seconds to wait for a connection, and for a lock, before giving up."""
    statement_timeout: float = 2.25
    """Seconds to wait for the answer to a statement; the client counts them, for the server may be frozen.

    Whoever waits for a connection, then for a statement, and then for the rollback is refused within five seconds.
    """
    engine: AsyncEngine = field(init=False, repr=False)
    pool: Any = field(init=False, repr=False)
    """The pool of `read`, for single statements; asyncpg has no types. JSON comes and goes as text."""

    async def open(self) -> None:
        """Get ready, without connecting."""
        self.engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self.connect,
            pool_size=self.size,
            max_overflow=0,
            pool_timeout=self.wait,
            pool_use_lifo=True,
        )
        event.listen(self.engine.sync_engine, "checkout", _replace_if_closed)
        self.pool = await asyncpg.create_pool(
            connect=self._connect_reader, min_size=0, max_size=self.size, reset=_nothing_to_reset
        )

    async def close(self) -> None:
        """Let go of every connection; cut those still in use after a second."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE):
                await self.pool.close()
        await self.engine.dispose()

    async def connect(self, patience: float | None = None, **settings: str) -> Any:
        """Connect outside the pools: for `LISTEN`, advisory locks and what runs as long as the process.

        `patience` is the `statement_timeout` of this connection, for what looks at whole tables.
        """
        patience = patience or self.statement_timeout
        return await asyncpg.connect(
            plain(self.url),
            timeout=self.wait,
            command_timeout=patience,
            server_settings={
                "application_name": "gatewright",
                "jit": "off",
                "lock_timeout": str(round(self.wait * 1000)),
                # Ends what a client that was cut off has left behind; ours have given up by then.
                "statement_timeout": str(round(patience * 1000) + 1000),
                "idle_in_transaction_session_timeout": str(_FORGOTTEN_AFTER),
                **settings,
            },
        )

    def read(self) -> "_Borrowed":
        """Borrow an asyncpg connection for a read, or raise `Unavailable` after `wait` seconds; an `async with`."""
        return _Borrowed(self.pool, self.wait)

    async def _connect_reader(self, *_: Any, **__: Any) -> Any:
        return await self.connect()


@dataclass(slots=True)
class _Borrowed:
    """A connection of the pool for one block. Every read pays for this: a generator would cost twice as much."""

    pool: Any
    wait: float
    connection: Any = None

    async def __aenter__(self) -> Any:
        try:
            self.connection = await self.pool.acquire(timeout=self.wait)
        except TimeoutError as error:
            raise Unavailable from error
        return self.connection

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, TimeoutError):
            # Whoever does not answer a statement does not answer its cancellation either: do not wait for it.
            self.connection.terminate()
        with suppress(*POSTGRES_LOST):
            await self.pool.release(self.connection, timeout=_LEAVE)


def _replace_if_closed(connection: Any, *_: Any) -> None:
    """Save the first commands after a restart of Postgres: whoever took a dead connection gets another."""
    if connection.driver_connection.is_closed():
        raise exc.DisconnectionError


async def _nothing_to_reset(_: Any) -> None:
    """Save the round trip of `RESET ALL`: no reader sets anything; asyncpg itself ends a transaction left open."""

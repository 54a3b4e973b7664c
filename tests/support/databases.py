"""Databases beside one another on a server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from core.postgres.database import Database
from domain.kernel.ids import uuid7


def patient(url: str, size: int = 10) -> Database:
    """Return pools for tests of anything but time: a machine that is held up for seconds fails none of them."""
    return Database(url, size=size, wait=20, statement_timeout=20)


def sibling(url: str, name: str) -> str:
    """Return the URL of the database `name` on the server of `url`."""
    parts = urlsplit(url)
    # A socket's folder stands in the query, so the authority may be empty: it still needs its two slashes.
    return urlunsplit(parts._replace(path=f"/{name}")) if parts.netloc else f"{parts.scheme}:///{name}?{parts.query}"


async def alone(server: asyncpg.Connection, statement: str) -> None:
    """Execute what can be done only while nobody is connected to a database: wait up to a minute for that."""
    ends = time.monotonic() + 60
    while True:
        try:
            await server.execute(statement)
        except asyncpg.ObjectInUseError:
            if time.monotonic() > ends:
                raise
            await asyncio.sleep(0.1)
        else:
            return


@asynccontextmanager
async def copied(url: str, template: str, name: str) -> AsyncIterator[str]:
    """Lend a copy of the database `template` on the server of `url`, called `name` and something; yield its URL."""
    made = f"{name}_{uuid7().hex}"
    server = await asyncpg.connect(url)
    try:
        await alone(server, f"CREATE DATABASE {made} TEMPLATE {template}")
        yield sibling(url, made)
        await alone(server, f"DROP DATABASE {made} WITH (FORCE)")
    finally:
        await server.close()

"""Databases beside one another on a server."""

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


@asynccontextmanager
async def copied(url: str, template: str, name: str) -> AsyncIterator[str]:
    """Lend a copy of the database `template` on the server of `url`, called `name` and something; yield its URL."""
    made = f"{name}_{uuid7().hex}"
    server = await asyncpg.connect(url)
    try:
        await server.execute(f"CREATE DATABASE {made} TEMPLATE {template}")
        yield sibling(url, made)
        await server.execute(f"DROP DATABASE {made} WITH (FORCE)")
    finally:
        await server.close()

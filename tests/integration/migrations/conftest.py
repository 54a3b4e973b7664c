"""Empty databases."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from core.postgres.direct import plain
from domain.kernel.ids import uuid7
from tests.support.databases import sibling


@pytest.fixture
async def empty(postgres_url: str) -> AsyncIterator[str]:
    """Yield the URL of a database with nothing in it."""
    name = f"migrations_{uuid7().hex}"
    server = await asyncpg.connect(plain(postgres_url))
    await server.execute(f"CREATE DATABASE {name}")
    yield sibling(postgres_url, name)
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()

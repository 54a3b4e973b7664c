"""Empty databases."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from core.postgres.direct import plain
from domain.kernel.ids import uuid7
from tests.support.databases import alone, sibling


@pytest.fixture
async def empty(postgres_url: str) -> AsyncIterator[str]:
    """Yield the URL of a database with nothing in it."""
    name = f"migrations_{uuid7().hex}"
    server = await asyncpg.connect(plain(postgres_url))
    await alone(server, f"CREATE DATABASE {name}")
    yield sibling(postgres_url, name)
    await alone(server, f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()

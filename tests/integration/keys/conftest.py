"""Processes on one ring."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.integration.keys.ground import Process, process


@pytest.fixture
async def processes(fresh_database_url: str) -> AsyncIterator[list[Process]]:
    """Yield four processes on an empty ring."""
    async with AsyncExitStack() as running:
        yield [await running.enter_async_context(process(fresh_database_url)) for _ in range(4)]


@pytest.fixture
def one(processes: list[Process]) -> Process:
    return processes[0]

"""Signing keys in Postgres keep the promises of the port."""

from collections.abc import AsyncIterator

import pytest

from tests.contracts.signing_keys import SigningKeysContract
from tests.integration.keys.ground import Process, process
from tests.support.databases import copied


@pytest.fixture(scope="session")
async def keys_url(postgres_url: str, migrated: str) -> AsyncIterator[str]:
    async with copied(postgres_url, migrated, "keys") as url:
        yield url


@pytest.fixture
async def cabinet(keys_url: str) -> AsyncIterator[Process]:
    async with process(keys_url) as made:
        await made.sql("TRUNCATE signing_keys")
        yield made


class TestSqlSigningKeys(SigningKeysContract):
    """On the table of the migrations."""

"""The statements that parts are loaded with: what the planner makes of them."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from core.postgres.access_parts import SqlParts
from core.postgres.database import Database
from domain.access.engine.parts import Key, Name
from domain.kernel.ids import OrganizationId, uuid7
from tests.support.databases import patient

TIMES: Final = 12
CUSTOM: Final = 5
"""Executions that Postgres plans by the values of their parameters before it may do with one plan for all."""


@pytest.fixture
async def database(fresh_database_url: str) -> AsyncIterator[Database]:
    made = patient(fresh_database_url, 1)
    await made.open()
    yield made
    await made.close()


@pytest.mark.parametrize("scopes", ["", "user", "role", "resource", "user team role resource"])
async def test_what_loads_parts_is_not_planned_each_time(database: Database, scopes: str) -> None:
    source = SqlParts(database)
    known = (await source.look(None, ())).snapshot

    for _ in range(TIMES):
        await source.look(known, [Key(scope, uuid7()) for scope in scopes.split()])

    async with database.read() as connection:
        plans = await connection.fetch(
            "SELECT custom_plans FROM pg_prepared_statements WHERE statement LIKE '%pg_current_snapshot%'"
            " AND generic_plans > 0 AND custom_plans + generic_plans >= $1",
            TIMES,
        )
    assert [row["custom_plans"] for row in plans] == [CUSTOM]


async def test_many_names_are_found_without_reading_the_resources_once_for_each(database: Database) -> None:
    organization, count = OrganizationId(uuid7()), 1_000
    async with database.read() as connection:
        await connection.execute(
            "INSERT INTO organizations VALUES ($1, 'Office', 'office', now(), now(), 1)", organization
        )
        # Nobody has looked at the table since: there are no statistics yet.
        await connection.execute(
            "INSERT INTO resources SELECT id, $1, 'document', 'd' || n, NULL, NULL, ARRAY[id], NULL, '{}', now(), now(), 1"
            " FROM (SELECT gen_random_uuid() AS id, n FROM generate_series(1, $2) AS n) made",
            organization,
            count,
        )
    names = [Name(organization, "document", f"d{number}") for number in range(1, count + 1)]

    before = await _blocks(database)
    found = await SqlParts(database).find_all(names)

    assert found.keys() == set(names)
    assert 0 < await _blocks(database) - before < 20 * count


async def _blocks(database: Database) -> int:
    """Return how many blocks of the resources and their indexes were looked at so far."""
    async with database.read() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
        return int(
            await connection.fetchval(
                "SELECT heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read FROM pg_statio_user_tables"
                " WHERE relname = 'resources'"
            )
        )

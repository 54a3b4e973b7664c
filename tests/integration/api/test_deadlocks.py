"""Commands that wait in a circle with others: Postgres undoes one of the two."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest

from core.persisting import TRIES
from core.settings import Settings
from tests.integration.api.conftest import Start, refused
from tests.integration.api.organizing import People
from tests.support.client import Answer
from tests.support.facts import until

MEMBER = "SELECT FROM memberships WHERE organization_id = $1 AND user_id = $2 FOR UPDATE"
ORGANIZATION = "SELECT FROM organizations WHERE id = $1 FOR UPDATE"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"
AUDITED = """
SELECT array_agg(outcome) FROM (
    SELECT outcome, action, actor FROM audit_pending UNION ALL SELECT outcome, action, actor FROM audit
) AS trail WHERE action = 'organizations.member.remove' AND actor = $1
"""


@pytest.fixture
async def people(start: Start, fresh_database_url: str, settings: Settings) -> People:
    """People of a database that has time: it looks for a circle once, so long after somebody began to wait."""
    connection = await asyncpg.connect(fresh_database_url)
    await connection.execute(f"ALTER DATABASE {urlsplit(fresh_database_url).path[1:]} SET deadlock_timeout = '4s'")
    await connection.close()
    return People(await start(database_url=fresh_database_url), fresh_database_url, settings)


@asynccontextmanager
async def other(url: str) -> AsyncIterator[Any]:
    """Yield a connection that never gives way: whoever waits in a circle with it is undone."""
    connection = await asyncpg.connect(url, server_settings={"deadlock_timeout": "1min"})
    try:
        yield connection
    finally:
        await connection.close()


async def crossing(watching: Any, connection: Any, organization_id: UUID) -> None:
    """Wait for what whoever waits for this connection has, until they are undone.

    Postgres looks for a circle once, four seconds after they began to wait: nothing else may take as long.
    """
    pid = connection.get_server_pid()

    async def somebody_waits() -> bool:
        return bool(await watching.fetchval(WAITING, pid))

    await until(somebody_waits)
    await connection.execute(ORGANIZATION, organization_id)


async def test_a_command_that_is_undone_is_run_again_and_answered_once(people: People) -> None:
    root, owner = await people.new()
    made = await people.organization(owner)
    ada, _ = await people.joined(owner, made["id"])
    async with other(people.url) as connection, other(people.url) as watching:
        async with connection.transaction():
            await connection.execute(MEMBER, UUID(made["id"]), UUID(ada["id"]))
            removing = asyncio.create_task(remove(people, owner, made, ada))
            await crossing(watching, connection, UUID(made["id"]))
            assert not removing.done()
        answer = await removing

    assert answer.status == 204, answer
    gone = await people.call("GET", f"/auth/organizations/{made['id']}/members/{ada['id']}", headers=owner)
    refused(gone, 404, "organizations.member_not_found")
    assert await people.sql(AUDITED, f"user:{root['id']}") == ["done"]


async def test_a_command_that_is_undone_each_time_is_refused_and_did_nothing(people: People) -> None:
    root, owner = await people.new()
    made = await people.organization(owner)
    ada, _ = await people.joined(owner, made["id"])
    async with other(people.url) as connection, other(people.url) as watching, connection.transaction():
        await connection.execute(MEMBER, UUID(made["id"]), UUID(ada["id"]))
        removing = asyncio.create_task(remove(people, owner, made, ada))
        for _ in range(TRIES):
            assert not removing.done()
            lock = connection.transaction()
            await lock.start()
            await crossing(watching, connection, UUID(made["id"]))
            await lock.rollback()
        answer = await removing

    refused(answer, 409, "request.concurrent_change")
    still = await people.call("GET", f"/auth/organizations/{made['id']}/members/{ada['id']}", headers=owner)
    assert still.status == 200
    assert await people.sql(AUDITED, f"user:{root['id']}") == ["request.concurrent_change"]


async def remove(people: People, owner: dict[str, str], made: dict[str, Any], member: dict[str, Any]) -> Answer:
    path = f"/auth/organizations/{made['id']}/members/{member['id']}"
    return await people.call("DELETE", path, headers=owner)

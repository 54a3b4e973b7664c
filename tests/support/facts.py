"""Facts stated straight in SQL, as a command's transaction leaves them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg

from core.postgres.sequencer import BATCH, NUMBER, SLOTS
from domain.kernel.ids import uuid7

STATE = """
INSERT INTO outbox (id, aggregate_type, aggregate_id, aggregate_version, type, schema_version, data, organization_id, trace)
VALUES ($1, 'user', $2, $3, $4, 1, $5, $6, $7)
"""
FILL = """
INSERT INTO outbox (id, aggregate_type, aggregate_id, aggregate_version, type, schema_version, data, trace)
SELECT gen_random_uuid(), 'user', lpad(to_hex(i % $2 + 1), 32, '0')::uuid, i / $2 + 1, 'identity.user.renamed', 1,
       '{"full_name": "Ada Lovelace"}',
       '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-' || CASE i % 100 WHEN 0 THEN '01' ELSE '00' END
FROM generate_series(0, $1 - 1) i
"""
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


HELD = """
SELECT count(*) AS slots FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY pid ORDER BY 1
"""


async def state(
    connection: Any,
    aggregate: UUID,
    version: int,
    *,
    type: str = "identity.user.renamed",  # noqa: A002 - the name of the attribute
    data: Any = None,
    organization: UUID | None = None,
    trace: str | None = TRACE,
) -> UUID:
    """State one fact; return its id."""
    event = uuid7()
    text = json.dumps({"full_name": "Ada"} if data is None else data)
    await connection.execute(STATE, event, aggregate, version, type, text, organization, trace)
    return event


async def number(connection: Any) -> None:
    """Number everything that was stated."""
    while await connection.fetchval(NUMBER, BATCH, SLOTS):
        pass


async def fill(url: str, events: int, aggregates: int = 100) -> None:
    """State and number `events` renamings of `aggregates` people in turn."""
    connection = await asyncpg.connect(url)
    await connection.execute(FILL, events, aggregates)
    await number(connection)
    await connection.close()


async def slots_held(connection: Any) -> list[int]:
    """Return how many slots each relay holds, the least first."""
    return [row["slots"] for row in await connection.fetch(HELD)]


async def until(true: Callable[[], Awaitable[object]], seconds: float = 60) -> None:
    """Return when what is asked for has become true; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - what other processes do sets no event here
            await asyncio.sleep(0.02)

"""The log in Postgres keeps the contract."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from core.postgres.database import Database
from core.postgres.log import LogFollower, SqlEventLog
from core.postgres.renewing import renew
from domain.kernel.errors import Unavailable
from domain.kernel.ids import uuid7
from tests.contracts.event_log import EventLogContract
from tests.support.facts import number, state


@dataclass
class SqlLedger:
    log: SqlEventLog
    connection: Any

    async def state(
        self,
        aggregate: UUID,
        version: int,
        what: str = "identity.user.renamed",
        organization: UUID | None = None,
        at: datetime | None = None,
    ) -> UUID:
        event = await state(self.connection, aggregate, version, type=what, organization=organization)
        await number(self.connection)
        if at:
            await self.connection.execute("UPDATE events SET occurred_at = $1 WHERE id = $2", at, event)
        return event

    async def drop(self, oldest: int) -> None:
        await self.connection.execute("DELETE FROM events WHERE position <= $1", oldest)

    async def restore(self) -> None:
        await renew(self.connection)


@pytest.fixture
async def ledger(database: Database, connection: Any) -> AsyncIterator[SqlLedger]:
    follower = LogFollower(database)
    following = asyncio.create_task(follower.run())
    yield SqlLedger(SqlEventLog(database, follower), connection)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


class TestSqlEventLog(EventLogContract):
    pass


async def test_many_wait_on_one_connection(ledger: SqlLedger) -> None:
    waiting = [asyncio.create_task(ledger.log.grown(0, 90)) for _ in range(200)]
    await ledger.state(uuid7(), 1)
    await asyncio.wait_for(asyncio.gather(*waiting), 60)
    sessions = await ledger.connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    assert sessions == 1


async def test_waiting_survives_the_loss_of_the_connection(ledger: SqlLedger) -> None:
    await ledger.state(uuid7(), 1)
    await asyncio.wait_for(ledger.log.grown(0, 90), 60)
    waiting = asyncio.create_task(ledger.log.grown(1, 90))
    await ledger.connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'gatewright-feed'"
    )
    await ledger.state(uuid7(), 1)
    await asyncio.wait_for(waiting, 60)


async def test_whoever_waits_is_let_go_when_the_process_stops(database: Database) -> None:
    follower = LogFollower(database)
    following = asyncio.create_task(follower.run())
    waiting = [asyncio.create_task(follower.reached(0, 30)) for _ in range(10)]
    await asyncio.sleep(0)
    following.cancel()
    await asyncio.wait_for(asyncio.gather(*waiting), 60)


async def test_a_log_that_cannot_be_reached_is_unavailable() -> None:
    nowhere = Database("postgresql://127.0.0.1:1/nowhere")
    await nowhere.open()
    with pytest.raises(Unavailable):
        await SqlEventLog(nowhere, LogFollower(nowhere)).read(0, 10)
    await nowhere.close()

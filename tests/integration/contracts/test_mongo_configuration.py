"""Configuration documents in MongoDB: the promises of the port, and what happens while the server is away."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import QueuePool

from core.mongo.client import MongoConnection
from core.mongo.configuration import MongoConfigurationBodies, StoredBody
from core.postgres.database import Database
from domain.kernel.errors import Unavailable
from domain.kernel.ids import uuid7
from domain.organizations.ports import BodyDamaged, BodyMissing
from tests.contracts.configuration_bodies import ConfigurationBodiesContract, body
from tests.contracts.sealed_bodies import SealedBodiesContract
from tests.integration.contracts.configuration import SqlLedger, opened
from tests.integration.contracts.configuration_store import ConfigurationStoreSuite
from tests.integration.contracts.sealing import SqlSealed

SOON = 8.0
"""Seconds: what one use may take, and room for a busy machine."""


@asynccontextmanager
async def connected(url: str, database: str | None = None) -> AsyncIterator[MongoConnection]:
    connection = MongoConnection(url, database or f"configuration_{uuid7().hex}")
    yield connection
    await connection.close()


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[SqlLedger]:
    async with opened(database_url) as database:
        ledger = SqlLedger(database)
        await ledger.found()
        yield ledger


@pytest.fixture
async def connection(mongodb_url: str) -> AsyncIterator[MongoConnection]:
    async with connected(mongodb_url) as connection:
        yield connection


@pytest.fixture
def bodies(connection: MongoConnection) -> MongoConfigurationBodies:
    return MongoConfigurationBodies(connection)


class TestMongoConfigurationBodies(ConfigurationBodiesContract):
    """Each test in a database of its own."""


class TestMongoConfigurationStore(ConfigurationStoreSuite):
    """Heads in Postgres, bodies in MongoDB."""


@dataclass
class MongoSealed(SqlSealed):
    connection: MongoConnection

    async def raw(self, body_id: UUID) -> str:
        async with self.connection.use(StoredBody) as stored:
            return str(await stored.get_pymongo_collection().find_one({"_id": body_id}))


class TestMongoSealedBodies(SealedBodiesContract):
    """Salts in Postgres, bodies in MongoDB."""

    @pytest.fixture
    def sealed(self, ledger: SqlLedger, bodies: MongoConfigurationBodies, connection: MongoConnection) -> MongoSealed:
        return MongoSealed(ledger.database, bodies, connection)


@dataclass
class Door:
    """A way to a server that can be shut, and left open with nobody behind it."""

    host: str
    port: int
    number: int = 0
    silent: bool = False
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.number)
        self.number = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        if self._server:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()
        self._server = None

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
        self._open |= {writer, far_writer}
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer), return_exceptions=True)
        self._open -= {writer, far_writer}

    async def _copy(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while said := await source.read(65536):
            if not self.silent:
                to.write(said)
                await to.drain()
        to.close()


@pytest.fixture
async def door(mongodb_url: str) -> AsyncIterator[Door]:
    parts = urlsplit(mongodb_url)
    assert parts.hostname
    door = Door(parts.hostname, parts.port or 27017)
    await door.open()
    yield door
    await door.shut()


@pytest.fixture
async def beyond(mongodb_url: str, door: Door) -> AsyncIterator[MongoConfigurationBodies]:
    """The store behind the door."""
    parts = urlsplit(mongodb_url)
    credentials, at, _ = parts.netloc.rpartition("@")
    query = "&".join(filter(None, (parts.query, "directConnection=true")))
    url = f"mongodb://{credentials}{at}127.0.0.1:{door.number}{parts.path or '/'}?{query}"
    async with connected(url) as connection:
        yield MongoConfigurationBodies(connection)


async def test_refuses_soon_while_the_server_is_away(door: Door, beyond: MongoConfigurationBodies) -> None:
    await door.shut()
    started = time.monotonic()

    outcomes = await asyncio.gather(*(beyond.get(uuid7()) for _ in range(10)), return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert time.monotonic() - started < SOON


async def test_may_start_before_the_server(door: Door, beyond: MongoConfigurationBodies) -> None:
    await door.shut()
    with pytest.raises(Unavailable):
        await beyond.put(body({}))
    await door.open()

    stored = body({"at": "last"})
    await beyond.put(stored)

    assert await beyond.get(stored.id) == stored.document


async def test_outlives_a_restart_of_the_server(door: Door, beyond: MongoConfigurationBodies) -> None:
    stored = body({"colour": "red"})
    await beyond.put(stored)
    await door.shut()
    with pytest.raises(Unavailable):
        await beyond.get(stored.id)
    await door.open()

    assert await beyond.get(stored.id) == stored.document


async def test_refuses_soon_when_the_server_says_nothing(door: Door, beyond: MongoConfigurationBodies) -> None:
    stored = body({"colour": "red"})
    await beyond.put(stored)
    door.silent = True
    started = time.monotonic()

    for attempt in (beyond.get(stored.id), beyond.put(body({})), beyond.connection.ping()):
        with pytest.raises(Unavailable):
            await attempt

    assert time.monotonic() - started < 3 * SOON


async def test_nothing_is_half_done_while_the_server_is_away(
    door: Door, beyond: MongoConfigurationBodies, ledger: SqlLedger
) -> None:
    put = await ledger.put({"colour": "red"}, None, beyond)
    await door.shut()

    with pytest.raises(Unavailable):
        await ledger.put({"colour": "blue"}, 1, beyond)
    with pytest.raises(Unavailable):
        await ledger.get(beyond)

    assert await ledger.announced() == [1]
    await door.open()
    assert await ledger.get(beyond) == put
    assert (await ledger.put({"colour": "blue"}, 1, beyond)).version == 2


async def test_no_connection_to_postgres_is_held_while_the_server_says_nothing(
    door: Door, beyond: MongoConfigurationBodies, database_url: str
) -> None:
    async with opened(database_url, size=1) as database:
        ledger = SqlLedger(database)
        await ledger.found()
        await ledger.put({"n": 0}, None, beyond)
        door.silent = True
        waiting = asyncio.create_task(ledger.put({"n": 1}, 1, beyond))

        assert await borrowed(database, waiting) == 0
        with pytest.raises(Unavailable):
            await waiting


async def borrowed(database: Database, until: asyncio.Task[Any]) -> int:
    """Return how many connections of commands were in use at once before `until` was done."""
    pool, most = database.engine.pool, 0
    assert isinstance(pool, QueuePool)
    while not until.done():
        await asyncio.wait([until], timeout=0.02)
        most = max(most, pool.checkedout())
    return most


async def test_may_be_prepared_again_and_by_many_at_once(mongodb_url: str) -> None:
    stored = body({"colour": "red"})
    async with connected(mongodb_url) as first:
        await MongoConfigurationBodies(first).put(stored)
        async with connected(mongodb_url, first.database) as second:
            found = await asyncio.gather(*(MongoConfigurationBodies(second).get(stored.id) for _ in range(30)))

    assert found == [stored.document] * 30


async def test_connections_do_not_meet(mongodb_url: str) -> None:
    stored = body({"colour": "red"})
    async with connected(mongodb_url) as one, connected(mongodb_url) as other:
        mine, theirs = MongoConfigurationBodies(one), MongoConfigurationBodies(other)
        await mine.put(stored)
        with pytest.raises(BodyMissing):
            await theirs.get(stored.id)

        assert await mine.get(stored.id) == stored.document


async def test_i17_the_document_reaches_mongodb_as_one_string(
    connection: MongoConnection, bodies: MongoConfigurationBodies
) -> None:
    stored = body({"$where": "1", "a.b": {"$ne": None}})
    await bodies.put(stored)

    async with connection.use(StoredBody) as kind:
        found = await kind.get_pymongo_collection().find_one({"_id": stored.id})

    assert found == {
        "_id": stored.id,
        "organization_id": stored.organization_id,
        "namespace": "theme",
        "version": 1,
        "written_at": stored.written_at,
        "text": '{"$where":"1","a.b":{"$ne":null}}',
    }


async def test_a_body_changed_by_hand_is_not_shown(
    connection: MongoConnection, bodies: MongoConfigurationBodies, ledger: SqlLedger
) -> None:
    await ledger.put({"limit": 3}, None, bodies)
    async with connection.use(StoredBody) as kind:
        await kind.get_pymongo_collection().update_many({}, {"$set": {"text": '{"limit":300}'}})

    with pytest.raises(BodyDamaged):
        await ledger.get(bodies)

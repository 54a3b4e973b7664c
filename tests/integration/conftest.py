import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from core.postgres.migrating import upgrade
from domain.kernel.ids import uuid7
from tests.support.command_line import Run, command_line
from tests.support.databases import alone
from tests.support.lending import LENDER
from tests.support.server import Missing, Server
from tests.support.servers import Found
from tests.support.servers import private_postgres as postgres_of
from tests.support.servers import private_rabbitmq as rabbitmq_of
from tests.support.servers import private_redis as redis_of


@contextmanager
def _skipping() -> Iterator[None]:
    """Skip where a server cannot be had; fail where it has to be."""
    try:
        yield
    except Missing as reason:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(reason))


def _borrow(request: pytest.FixtureRequest, kind: str) -> Found:
    with _skipping():
        return request.config.stash[LENDER].borrow(kind)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command line to its end in a folder of its own; settings without their prefix."""
    return command_line(tmp_path)


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> str:
    """A superuser's `postgresql://` of the run's Postgres, shared by all: for making databases."""
    return _borrow(request, "postgres").url


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> str:
    """The run's Redis; each worker process has a database number of its own, channels are everybody's."""
    found = _borrow(request, "redis")
    worker = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    number = int(worker.removeprefix("gw")) % 16
    return found.url if found.named else urlunsplit(urlsplit(found.url)._replace(path=f"/{number}"))


@pytest.fixture(scope="session")
def rabbitmq_url(request: pytest.FixtureRequest) -> str:
    """The run's RabbitMQ, shared by all: name what you declare after yourself."""
    return _borrow(request, "rabbitmq").url


@pytest.fixture(scope="session")
def mongodb_url(request: pytest.FixtureRequest) -> str:
    """The run's MongoDB, shared by all: use a database of your own."""
    return _borrow(request, "mongodb").url


@pytest.fixture(scope="session")
def migrated(postgres_url: str) -> Iterator[str]:
    """The name of a database that Alembic built and nobody touches: the template of others."""
    with _database(postgres_url) as name:
        upgrade(_at(postgres_url, name))
        yield name


@pytest.fixture(scope="session")
def database_url(postgres_url: str, migrated: str) -> Iterator[str]:
    """A `postgresql://` of a database with all migrations, one per worker process; asyncpg takes it as it is."""
    with _database(postgres_url, migrated) as name:
        yield _at(postgres_url, name)


@pytest.fixture
def fresh_database_url(postgres_url: str, migrated: str) -> Iterator[str]:
    """The same, for one test alone."""
    with _database(postgres_url, migrated) as name:
        yield _at(postgres_url, name)


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A `postgresql://` of a database with nothing in it, for one test alone."""
    with _database(postgres_url) as name:
        yield _at(postgres_url, name)


@pytest.fixture
def private_postgres(tmp_path: Path) -> Iterator[Server]:
    """A Postgres that the test may kill, stall and start again."""
    yield from _private(postgres_of, tmp_path)


@pytest.fixture
def private_redis(tmp_path: Path) -> Iterator[Server]:
    """A Redis that the test may kill, stall and start again."""
    yield from _private(redis_of, tmp_path)


@pytest.fixture
def private_rabbitmq(tmp_path: Path) -> Iterator[Server]:
    """A RabbitMQ node that the test may kill, stall and start again."""
    yield from _private(rabbitmq_of, tmp_path)


def _private(make: Callable[[Path], Server], folder: Path) -> Iterator[Server]:
    with _skipping():
        server = make(folder)
    with server:
        yield server


def _at(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@contextmanager
def _database(postgres_url: str, template: str = "template1") -> Iterator[str]:
    name = f"gatewright_{uuid7().hex}"
    _apart(_execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield name
    finally:
        _apart(_execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await alone(connection, statement)
    finally:
        await connection.close()


def _apart(work: Coroutine[None, None, None]) -> None:
    """Run `work` on a loop of its own, wherever the test has its loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()

"""The servers that the other suites rely on."""

import os
import signal
import subprocess
import sys
from asyncio import wait_for
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import aio_pika
import asyncpg
import psutil
import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.processes import until
from domain.kernel.ids import uuid7
from tests.support.guardian import MARK, marked
from tests.support.server import Port, Server
from tests.support.servers import Found, Servers

ROOT = Path(__file__).parents[2]


async def test_postgres_answers(postgres_url: str) -> None:
    assert await ask(postgres_url, "SELECT 1") == 1


async def test_postgres_knows_letters_of_all_languages(postgres_url: str) -> None:
    assert await ask(postgres_url, "SELECT lower('ÀÉ')") == "àé"


async def test_redis_answers(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        assert await redis.ping()


async def test_rabbitmq_confirms_and_delivers(rabbitmq_url: str) -> None:
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        queue = await channel.declare_queue(exclusive=True)
        await channel.default_exchange.publish(aio_pika.Message(b"hello"), queue.name, mandatory=True, timeout=10)
        assert (await queue.get(timeout=10)).body == b"hello"


async def test_mongodb_answers(mongodb_url: str) -> None:
    async with AsyncMongoClient[dict[str, object]](mongodb_url, serverSelectionTimeoutMS=5000) as client:
        database = client[f"test_{uuid7().hex}"]
        await database.things.insert_one({"_id": 1, "name": "one"})
        assert await database.things.find_one({"name": "one"}) == {"_id": 1, "name": "one"}
        await client.drop_database(database.name)


async def test_a_database_has_all_migrations(database_url: str) -> None:
    assert await ask(database_url, "SELECT to_regclass('outbox')::text") == "outbox"


async def test_a_fresh_database_has_them_too_and_is_another(database_url: str, fresh_database_url: str) -> None:
    assert fresh_database_url != database_url
    assert await ask(fresh_database_url, "SELECT to_regclass('outbox')::text") == "outbox"


async def test_a_killed_postgres_comes_back_at_its_address_with_what_it_committed(private_postgres: Server) -> None:
    url, pid = private_postgres.url, private_postgres.pid
    await ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    private_postgres.kill()
    with pytest.raises(ConnectionRefusedError):
        await asyncpg.connect(url)
    private_postgres.start()
    assert private_postgres.url == url
    assert private_postgres.pid != pid
    assert await ask(url, "SELECT n FROM kept") == 7


async def test_a_stalled_postgres_is_silent_until_it_goes_on(private_postgres: Server) -> None:
    connection = await asyncpg.connect(private_postgres.url)
    private_postgres.stall()
    with pytest.raises(TimeoutError):
        await connection.fetchval("SELECT 1", timeout=0.2)
    private_postgres.resume()
    assert await ask(private_postgres.url, "SELECT 1") == 1


async def test_a_stopped_postgres_leaves_nothing_running(private_postgres: Server) -> None:
    pids = private_postgres.pids()
    private_postgres.stop()
    private_postgres.stop()
    assert not any(map(psutil.pid_exists, pids))


async def test_a_killed_redis_comes_back_empty(private_redis: Server) -> None:
    async with Redis.from_url(private_redis.url) as redis:
        await redis.set("name", "value")
        private_redis.kill()
        with pytest.raises(RedisError):
            await redis.ping()
        private_redis.start()
        assert await redis.get("name") is None


async def test_a_killed_rabbitmq_keeps_a_durable_queue(private_rabbitmq: Server) -> None:
    async with await aio_pika.connect(private_rabbitmq.url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        queue = await channel.declare_queue("kept", durable=True)
    private_rabbitmq.stop()  # a node that is killed within seconds of its first start forgets its queues
    private_rabbitmq.start()
    async with await aio_pika.connect(private_rabbitmq.url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        message = aio_pika.Message(b"hello", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, queue.name, timeout=10)
        private_rabbitmq.kill()
    private_rabbitmq.start()
    async with await aio_pika.connect(private_rabbitmq.url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("kept")
        assert (await queue.get(timeout=10)).body == b"hello"


async def test_a_stalled_rabbitmq_confirms_nothing_until_it_goes_on(private_rabbitmq: Server) -> None:
    async with await aio_pika.connect(private_rabbitmq.url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        queue = await channel.declare_queue(exclusive=True)
        private_rabbitmq.stall()
        with pytest.raises(TimeoutError):
            await wait_for(channel.default_exchange.publish(aio_pika.Message(b"1"), queue.name), 0.2)
        private_rabbitmq.resume()
        await channel.default_exchange.publish(aio_pika.Message(b"2"), queue.name, timeout=10)


@pytest.mark.parametrize(("ci", "outcome"), [("", "skipped"), ("true", "failed")])
def test_what_cannot_be_had_is_skipped_by_name_but_fails_where_it_has_to_be(ci: str, outcome: str) -> None:
    hidden = {
        "PATH": "/nowhere",
        "DOCKER_HOST": "unix:///nowhere",
        "GATEWRIGHT_TEST_MONGODB_URL": "",
        "CI": ci,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "pytest_asyncio.plugin",
            "-p",
            "pytest_timeout",
            "-p",
            "no:cacheprovider",
            f"{__file__}::test_mongodb_answers",
        ],
        cwd=ROOT,
        env={**os.environ, **hidden},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    reason = "no MongoDB: install Docker, or a JDK and Maven, or name one in GATEWRIGHT_TEST_MONGODB_URL"
    assert f"1 {outcome}" in told or (outcome == "failed" and "1 error" in told)
    assert f"mongodb: missing, {reason}" in told


def test_a_server_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWRIGHT_TEST_DATABASE_URL", "postgresql+asyncpg://somebody@somewhere/db")
    named = "named by GATEWRIGHT_TEST_DATABASE_URL"
    assert Servers().borrow("postgres") == Found("postgresql://somebody@somewhere/db", named, named=True)


def test_a_held_port_is_given_to_nobody_else() -> None:
    held = Port()
    others = [Port() for _ in range(200)]
    numbers = {port.number for port in others}
    for port in (held, *others):
        port.free()
    assert held.number not in numbers
    assert len(numbers) == 200


def mark(process: psutil.Process) -> str:
    with suppress(psutil.Error):  # some live for a moment only
        return str(process.environ().get(MARK, ""))
    return ""


@pytest.mark.parametrize(
    ("number", "kinds"),
    [
        (signal.SIGKILL, ("postgres", "rabbitmq")),
        (signal.SIGTERM, ("postgres", "redis")),
        (signal.SIGINT, ("postgres", "redis")),
    ],
)
def test_a_run_leaves_nothing_behind_however_it_ends(number: signal.Signals, kinds: Sequence[str]) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "tests.support.servers", "up", *kinds],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout
    with run.stdout as told:
        said = [told.readline() for _ in kinds]
        folders = {Path(folder) for each in psutil.Process(run.pid).children(recursive=True) if (folder := mark(each))}
        run.send_signal(number)
        assert run.wait(60) == (-number if number == signal.SIGKILL else 0)
    assert any(line.startswith("export GATEWRIGHT_DATABASE_URL='postgresql://") for line in said)
    assert until(lambda: not any(folder.exists() or marked(folder) for folder in folders), 30)


async def ask(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()

"""The application as it is served, in this process, on real servers."""

from asyncio import Event, TaskGroup
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from litestar import Litestar
from prometheus_client import CollectorRegistry

from api.app import build
from core.assembly import Assembly
from core.settings import Settings
from domain.identity.verification import FAILURES, SLOW
from domain.kernel.ids import uuid7
from tests.support.client import Answer, Client
from tests.support.databases import copied

SECRET = "wQ7rDmV2kY9sXbT4nGfJ6hLzPc8eRuAa"
PASSWORD = "correct horse battery staple"
PAUSED = """
UPDATE sign_in_failures SET failures = $1
WHERE failures >= $2 AND starts_with(account, (SELECT id || '@' FROM users WHERE email = $3))
"""
Start = Callable[..., Coroutine[Any, Any, Client]]


@pytest.fixture(scope="session")
async def api_url(postgres_url: str, migrated: str) -> AsyncIterator[str]:
    """Yield the URL of a migrated database of these tests."""
    async with copied(postgres_url, migrated, "api") as url:
        yield url


@pytest.fixture
async def start(api_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Yield what starts a process of the service, so to say: settings in lower case, without their prefix."""
    stopped = Event()
    async with TaskGroup() as running:

        async def begin(**more: Any) -> Client:
            app = patient(configured(tmp_path, **{"database_url": api_url, "redis_url": redis_url} | more))
            started = Event()
            running.create_task(_live(app, started, stopped))
            await started.wait()
            return Client(app)

        yield begin
        stopped.set()


def patient(settings: Settings) -> Litestar:
    """Make an application that a machine which is held up for seconds does not make refuse anybody."""
    registry = CollectorRegistry()
    assembly = Assembly.of(settings, registry)
    assembly.feed.bound = 30
    assembly.database.wait = assembly.database.statement_timeout = 20
    return build(settings, registry, assembly)


def configured(folder: Path, **more: Any) -> Settings:
    """Return settings, whatever the environment of the tests says."""
    known: dict[str, Any] = {"_env_file": None, "secret": SECRET, "data_dir": folder}
    return Settings(**known | more)


async def _live(app: Litestar, started: Event, stopped: Event) -> None:
    """Keep `app` open; whoever opened its lifespan has to close it, in one task."""
    async with app.lifespan():
        started.set()
        await stopped.wait()


@pytest.fixture
async def call(start: Start) -> Client:
    return await start()


def address() -> str:
    """Return an address that nobody has."""
    return f"{uuid7().hex}@example.com"


async def person(call: Client, **more: Any) -> dict[str, Any]:
    """Sign somebody up and return their profile."""
    answer = await call.send("POST", "/auth/signup", {"email": address(), "password": PASSWORD} | more)
    assert answer.status == 201, answer
    return dict(answer.json())


async def tokens(call: Client, email: str) -> dict[str, Any]:
    """Sign somebody in and return the tokens."""
    answer = await call.send("POST", "/auth/login", {"email": email, "password": PASSWORD})
    assert answer.status == 200, answer
    return dict(answer.json())


async def shut(url: str, email: str) -> None:
    """Make the pause after some wrong guesses at somebody's password as long as it gets: a slow machine outlives others."""
    connection = await asyncpg.connect(url)
    done = await connection.execute(PAUSED, FAILURES, SLOW, email)
    await connection.close()
    assert done != "UPDATE 0"


def bearer(given: dict[str, Any]) -> dict[str, str]:
    """Return the header that presents an access token."""
    return {"authorization": f"Bearer {given['access_token']}"}


def refused(answer: Answer, status: int, code: str) -> None:
    """Fail unless the answer is this refusal, as problem details."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["code"], body["status"]) == (code, status)
    assert body["trace_id"] == answer.headers["x-request-id"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings that secrets are derived from."""
    return configured(tmp_path)

"""Tell what is configured, reachable and migrated, and what is wrong."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import aio_pika
import asyncpg
from pydantic import SecretStr
from redis.asyncio import Redis

from api.starting import place
from core.argon2_costs import Costs, calibrated
from core.keys import Keys
from core.live_ring import LiveRing
from core.mongo.client import MongoConnection
from core.postgres.database import Database
from core.postgres.direct import plain
from core.postgres.migrating import head
from core.postgres.signing_keys import SqlRing
from core.settings import PREFIX, Misconfigured, Settings, load, unknown

OLDEST: Final = 140_000
"""Postgres 14, as it numbers itself."""
PATIENCE: Final = 3.0
ROOM: Final = 1 << 30
"""Bytes that should be free where the data is."""

State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: State
    detail: str


def examine() -> list[Finding]:
    """Look at everything; never raises for what it finds."""
    found = [Finding(name, "wrong", "means nothing here; is it misspelt? See .env.example") for name in unknown()]
    try:
        settings = load()
        keys = Keys.read(settings)
    except Misconfigured as error:
        return [*found, *(Finding("settings", "wrong", line) for line in str(error).splitlines())]
    return [*found, *_settings(settings), _hashing(settings), *asyncio.run(_servers(settings, keys))]


def _settings(settings: Settings) -> list[Finding]:
    made = "generated, in the data folder"
    where = "configured" if settings.secret else made
    free = shutil.disk_usage(next(path for path in (settings.folder, *settings.folder.parents) if path.exists())).free
    return [
        Finding("environment", "ok", settings.environment.value),
        Finding("served at", "ok", settings.served_at),
        _secret_file(settings.secret_file) if settings.secret_file else Finding("secret", "ok", where),
        Finding("data folder", "ok" if free > ROOM else "note", f"{settings.folder}, {free >> 20} MiB free"),
        _signing_up(settings),
        Finding("mail", "ok", "by SMTP" if settings.smtp_url else f"written to {settings.folder / 'mail'}"),
    ]


def _signing_up(settings: Settings) -> Finding:
    if settings.signup_private:
        return Finding("signing up", "ok", "in private")
    open_ = f"tells by 409 who has an account: {PREFIX}SIGNUP_PRIVATE=true answers everybody alike"
    return Finding("signing up", "note" if settings.is_production else "ok", open_)


def _secret_file(file: Path) -> Finding:
    shared = file.stat().st_mode & 0o077
    return Finding("secret", "note" if shared else "ok", f"{file}{', which others may read' if shared else ''}")


def _hashing(settings: Settings) -> Finding:
    safe, detail = calibrated(Costs(settings.argon2_memory, settings.argon2_passes, settings.argon2_lanes))
    return Finding("argon2id", "ok" if safe else "note", detail)


async def _servers(settings: Settings, keys: Keys) -> list[Finding]:
    looked = [
        _signing_keys(settings, keys),
        _look("postgres", settings.database_url, _postgres, "an embedded one, by `gatewright run`"),
        _look("redis", settings.redis_url, _redis, "an embedded one, by `gatewright run`"),
        _look("mongodb", settings.mongodb_uri, _mongodb, "not used: Postgres keeps configuration documents"),
        _look("rabbitmq", settings.rabbitmq_url, _rabbitmq, "not used: events are served by GET /auth/events"),
    ]
    return list(await asyncio.gather(*looked))


async def _signing_keys(settings: Settings, keys: Keys) -> Finding:
    what = "signing keys"
    if keys.ring:
        signing = keys.ring.signing
        return Finding(what, "ok", f"{signing.algorithm}, {signing.kid}, of {settings.signing_keys_file}")
    if settings.database_url is None:
        return Finding(what, "ok", "in the embedded database")
    database = Database(settings.database_url.get_secret_value(), size=1)
    await database.open()
    try:
        async with asyncio.timeout(PATIENCE):
            return Finding(what, *await _ring(database, keys))
    except Exception:  # noqa: BLE001 - what is wrong with the database is found elsewhere
        return Finding(what, "note", "in the database, which does not tell")
    finally:
        await database.close()


async def _ring(database: Database, keys: Keys) -> tuple[State, str]:
    ring = LiveRing(SqlRing(database), keys.safe, keys.policy, tend=_nothing)
    _, rows = await ring.source.look()
    if not rows:
        return "note", "none yet: the process that starts first makes them"
    await ring.look()
    if ring.condition.trouble:
        return "wrong", ring.condition.trouble
    days = int((ring.condition.age or 0) // 86_400)
    told = f"{ring.signing.algorithm}, {ring.signing.kid}, signs for {days} days, and the next is published"
    if any(keys.safe.renewed(row.kid, row.sealed) for row in rows):
        return "note", f"{told}; a worker has yet to seal them under the new secret"
    return "ok", told


async def _nothing() -> None:
    """Only look."""


async def _look(
    name: str, url: SecretStr | None, ask: Callable[[str], Awaitable[tuple[State, str]]], without: str
) -> Finding:
    if url is None:
        return Finding(name, "ok", without)
    where = place(url.get_secret_value())
    try:
        async with asyncio.timeout(PATIENCE):
            state, detail = await ask(url.get_secret_value())
    except Exception as error:  # noqa: BLE001 - whatever keeps it from answering is what was asked for
        why = str(error).partition("\n")[0] or type(error).__name__
        variable = f"{PREFIX}{_VARIABLES[name]}"
        return Finding(name, "wrong", f"{where} does not let us in ({why}): start it, or correct {variable}")
    return Finding(name, state, f"{where}, {detail}")


_VARIABLES: Final = {
    "postgres": "DATABASE_URL",
    "redis": "REDIS_URL",
    "mongodb": "MONGODB_URI",
    "rabbitmq": "RABBITMQ_URL",
}


async def _postgres(url: str) -> tuple[State, str]:
    connection: Any = await asyncpg.connect(plain(url))
    try:
        number, version = await connection.fetchrow(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version')"
        )
        if number < OLDEST:
            return "wrong", f"version {version}: 14 or newer is needed"
        if await connection.fetchval("SELECT to_regclass('alembic_version') IS NULL"):
            return "wrong", f"version {version}, empty: run `gatewright migrate`"
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
        if revision < head():
            return "wrong", f"version {version}, revision {revision} of {head()}: run `gatewright migrate`"
        for name in ("fsync", "synchronous_commit"):
            if await connection.fetchval("SELECT current_setting($1)", name) == "off":
                return "wrong", f"{name} is off: a power failure loses what was answered"
        terse = await connection.fetchval("SELECT current_setting('log_error_verbosity')") == "terse"
        talks = "" if terse else "; it writes people into its log: set log_error_verbosity = terse"
        return "ok", f"version {version}, migrated ({revision}){talks}"
    finally:
        await connection.close()


async def _redis(url: str) -> tuple[State, str]:
    client = Redis.from_url(url)
    try:
        await client.ping()
    finally:
        await client.aclose()
    return "ok", "answers"


async def _mongodb(url: str) -> tuple[State, str]:
    connection = MongoConnection(url)
    try:
        await connection.ping()
    finally:
        await connection.close()
    return "ok", "answers"


async def _rabbitmq(url: str) -> tuple[State, str]:
    connection = await aio_pika.connect(url, timeout=PATIENCE)
    await connection.close()
    guest = urlsplit(url).username == "guest" and urlsplit(url).hostname not in {"localhost", "127.0.0.1"}
    return ("note", "answers, to the account `guest`") if guest else ("ok", "answers")

"""What migrations are written with, and how they are run."""

import asyncio
import os
import re
import sysconfig
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

import asyncpg

from core.postgres.direct import plain

R = TypeVar("R")

_REVISION: Final = re.compile(r"""^revision = ["'](\w+)["']$""", re.MULTILINE)
_BEFORE: Final = re.compile(r"""^down_revision = ["'](\w+)["']$""", re.MULTILINE)
_PATIENCE: Final = 10.0
"""Seconds to wait for a connection."""
_ONE_AT_A_TIME: Final = Lock()
"""Alembic keeps its state in its modules."""


def execute(script: str) -> None:
    """Run an SQL script of any number of statements, in the transaction of the migration.

    A lock that is not to be had in 5 s ends the migration: whatever waits for it stops everybody else.
    """
    from alembic import op  # noqa: PLC0415 - a warm start, which finds nothing to migrate, does without alembic

    connection = op.get_bind()
    # The driver's own prepared statements take only one, so the script goes past SQLAlchemy, which begins the
    # transaction with the first statement of its own. This is it: without it the script would commit by itself.
    connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
    driver = connection.connection.dbapi_connection
    assert driver
    driver.run_async(lambda postgres: postgres.execute(script))


def folder() -> Path:
    """Return where the migrations are.

    In a checkout they lie beside `src`, in an installation in the data folder of the environment
    (`share/gatewright/migrations`); `GATEWRIGHT_MIGRATIONS` names any other place.
    """
    if named := os.environ.get("GATEWRIGHT_MIGRATIONS"):
        return Path(named)
    checkout = Path(__file__).parents[3] / "migrations"
    installed = Path(sysconfig.get_path("data")) / "share" / "gatewright" / "migrations"
    return checkout if checkout.is_dir() else installed


def head() -> str:
    """Return the newest revision, read from the files alone."""
    texts = [file.read_text() for file in (folder() / "versions").glob("*.py")]
    revisions: set[str] = {name for text in texts for name in _REVISION.findall(text)}
    (newest,) = revisions.difference(*(_BEFORE.findall(text) for text in texts))
    return newest


def current(url: str) -> str | None:
    """Return the revision of the database at `url`, None if it is empty; blocks."""
    return _apart(lambda: asyncio.run(_current(url)))


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate the database at `url`; blocks. Of several at once one works, and the others wait for it.

    Each migration is a transaction, its entry in the version table included: whatever kills this, run it again.
    """
    _apart(lambda: _alembic("upgrade", url, revision))


def downgrade(url: str, revision: str) -> None:
    """Undo the migrations after `revision`, all of them for `base`; blocks."""
    _apart(lambda: _alembic("downgrade", url, revision))


def _alembic(direction: str, url: str, revision: str) -> None:
    from alembic import command, config  # noqa: PLC0415 - as above

    settings = config.Config(attributes={"url": url})
    settings.set_main_option("script_location", str(folder()).replace("%", "%%"))
    with _ONE_AT_A_TIME:
        getattr(command, direction)(settings, revision)


async def _current(url: str) -> str | None:
    connection = await asyncpg.connect(plain(url), timeout=_PATIENCE)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        version: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return version
    finally:
        await connection.close()


def _apart(work: Callable[[], R]) -> R:
    """Run `work` on a thread without an event loop, for the caller's may be running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()

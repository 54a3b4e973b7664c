"""What is looked at before a process starts, and said in one line when it cannot."""

import asyncio
import socket
from urllib.parse import parse_qs, urlsplit

import asyncpg

from core.postgres.direct import plain
from core.postgres.loss import POSTGRES_LOST
from core.postgres.migrating import current, head, upgrade
from core.settings import Settings


class Hopeless(Exception):
    """It cannot start; the text is one line that says why and what to do."""


def configured_database(settings: Settings) -> str:
    """Return the URL of the database, or raise `Hopeless` if none is configured."""
    if settings.database_url is None:
        raise Hopeless("GATEWRIGHT_DATABASE_URL is not set: set it, or use `gatewright run`, which starts a database.")
    return settings.database_url.get_secret_value()


def revision(url: str) -> str | None:
    """Return the revision of the database, or raise `Hopeless` if it does not answer."""
    try:
        return current(url)
    except POSTGRES_LOST as error:
        why = str(error).partition("\n")[0] or type(error).__name__
        raise Hopeless(
            f"the database at {place(url)} does not let us in ({why}): start it, or correct GATEWRIGHT_DATABASE_URL."
        ) from error


def ready_database(settings: Settings) -> str:
    """Return the URL of a database that answers and is migrated, or raise `Hopeless`."""
    url = configured_database(settings)
    found = revision(url)
    # A newer one is that of a release being rolled out: migrations only add until every process is new.
    if found is None or found < head():
        raise Hopeless(
            f"the database at {place(url)} is {'empty' if found is None else f'at revision {found}, not {head()}'}: "
            "run `gatewright migrate` first."
        )
    return url


def migrated(url: str, revision_wanted: str = "head") -> str:
    """Bring the database to a revision and return it, or raise `Hopeless`."""
    if revision_wanted == "head" and revision(url) == head():
        return head()
    upgrade(url, revision_wanted)
    return revision(url) or "base"


def setup_is_open(url: str) -> bool:
    """Return whether the first administrator may still be named."""

    async def ask() -> bool:
        connection = await asyncpg.connect(plain(url))
        try:
            return bool(await connection.fetchval("SELECT completed_at IS NULL FROM setup"))
        finally:
            await connection.close()

    return asyncio.run(ask())


def free_port(settings: Settings) -> int:
    """Return the port to serve on, or raise `Hopeless` if it is taken.

    Where the port was not chosen and this is a development machine, the next free one is taken instead: two checkouts
    may run side by side.
    """
    chosen = "port" in settings.model_fields_set
    tries = 1 if chosen or not settings.is_dev else 50
    for port in range(settings.port, settings.port + tries):
        if _is_free(settings.host, port):
            return port
    raise Hopeless(
        f"port {settings.port} of {settings.host} is taken: stop what uses it, or set GATEWRIGHT_PORT to another one."
    )


def place(url: str) -> str:
    """Return where a server is, without accounts and passwords."""
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host", [""])[0]
    try:
        port = parts.port
    except ValueError:
        port = None
    return folder or (f"{parts.hostname or 'localhost'}:{port}" if port else parts.hostname or "localhost")


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True

"""What `gatewright archive` does."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import click
from msgspec import to_builtins

from api.starting import Hopeless, ready_database
from core.archive_files import Manifest, Spoilt, entries
from core.cloudevents import cloud_event, encode
from core.postgres.archive import Archive, NotNext
from core.postgres.database import Database
from core.postgres.direct import session
from core.postgres.partitions import EVENTS, LOGS
from core.settings import Settings

T = TypeVar("T")
NAME: Final = "gatewright-archive"


def show(settings: Settings, log: str, *, as_json: bool) -> None:
    """Print what was archived of a log, the oldest first."""
    found = _run(settings, log, lambda archive, connection: archive.known(connection))
    if as_json:
        click.echo(json.dumps(to_builtins([{"name": each.name} | to_builtins(each) for each in found]), indent=2))
        return
    for each in found:
        lost = "" if (settings.archive / each.file).is_file() else "  the file is not here"
        click.echo(f"{each.name}  {each.entries} entries  {_day(each.first_at)} to {_day(each.last_at)}{lost}")


def read(settings: Settings, name: str, after: int) -> None:
    """Print the entries past a position: events as subscribers got them, of the audit trail as they were stored."""
    manifest = _run(settings, _log(name), lambda archive, connection: _named(archive, connection, name))
    source = f"{settings.served_at}/auth"
    try:
        for entry in entries(settings.archive, manifest):
            row = json.loads(entry)
            if row["position"] > after:
                click.echo(_event(row, source) if manifest.log == EVENTS.table else entry)
    except Spoilt as error:
        raise Hopeless(str(error)) from error


def restore(settings: Settings, name: str, days: int) -> None:
    """Put a partition back into the database, for so long at least."""

    async def put_back(archive: Archive, connection: Any) -> int:
        manifest = await _named(archive, connection, name)
        await archive.put_back(connection, manifest, timedelta(days=days))
        return manifest.entries

    click.echo(f"{_run(settings, _log(name), put_back)} entries are in the database again, for {days} days.")


def _run(settings: Settings, table: str, work: Callable[[Archive, Any], Awaitable[T]]) -> T:
    url = ready_database(settings)
    (log,) = (each for each in LOGS if each.table == table)

    async def run() -> T:
        async with session(Database(url, size=1), NAME) as connection:
            return await work(Archive(log, settings.archive), connection)

    try:
        return asyncio.run(run())
    except (Spoilt, NotNext) as error:
        raise Hopeless(str(error)) from error


def _log(name: str) -> str:
    table = name.partition("-")[0]
    if table not in {log.table for log in LOGS}:
        raise Hopeless(f"{name} is no name of the archive: `gatewright archive list events` shows some.")
    return table


async def _named(archive: Archive, connection: Any, name: str) -> Manifest:
    for each in await archive.known(connection):
        if each.name == name:
            return each
    raise Hopeless(f"nothing in the archive is called {name}: see `gatewright archive list {archive.log.table}`.")


def _event(row: dict[str, Any], source: str) -> str:
    moment = datetime.fromisoformat(row["occurred_at"])
    return encode(cloud_event(row | {"occurred_at": moment, "data": json.dumps(row["data"])}, source)).decode()


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d")

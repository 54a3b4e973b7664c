"""What `gatewright archive` does."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any, Final, TypeVar
from uuid import UUID

import asyncpg
import click
from msgspec import to_builtins

from api.starting import Hopeless, ready_database
from core.archive_files import Manifest, Spoilt, entries
from core.cloudevents import cloud_event, encode
from core.keys import Keys
from core.personal import SEALED, PersonalKeys
from core.postgres.archive import PATIENCE, Archive, NotNext
from core.postgres.database import Database
from core.postgres.direct import session
from core.postgres.operator_notes import note
from core.postgres.partitions import EVENTS, LOGS
from core.postgres.unsealed import sealed
from core.settings import Settings

T = TypeVar("T")
NAME: Final = "gatewright-archive"
SALT: Final = "SELECT salt FROM person_keys WHERE person_id = $1"


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
    """Print the entries past a position: events as subscribers got them, of the audit trail as they were stored.

    Nothing is printed of which the audit trail does not say that it was read.
    """
    keys = Keys.read(settings)
    people = keys.people
    shown = _Shown(f"{settings.served_at}/auth", people)

    async def tell(archive: Archive, connection: Any) -> None:
        manifest = await _named(archive, connection, name)
        lines = entries(settings.archive, manifest)
        first = next(lines)  # a file that was changed is refused here
        await note(connection, keys, "archive.partition.read", f"partition:{name}")
        for entry in chain((first,), lines):
            if json.loads(entry)["position"] > after:
                (safe,) = await sealed(connection, [entry], people)
                click.echo(await shown.event(safe, connection) if manifest.log == EVENTS.table else entry)

    _run(settings, _log(name), tell)


def restore(settings: Settings, name: str, days: int) -> None:
    """Put a partition back into the database, for so long at least."""
    keys = Keys.read(settings)

    async def put_back(archive: Archive, connection: Any) -> int:
        manifest = await _named(archive, connection, name)
        noted = partial(note, keys=keys, action="archive.partition.restore", target=f"partition:{name}")
        await archive.put_back(connection, manifest, timedelta(days=days), noted)
        return manifest.entries

    click.echo(f"{_run(settings, _log(name), put_back)} entries are in the database again, for {days} days.")


def _run(settings: Settings, table: str, work: Callable[[Archive, Any], Awaitable[T]]) -> T:
    url = ready_database(settings)
    (log,) = (each for each in LOGS if each.table == table)

    async def run() -> T:
        async with session(Database(url, size=1), NAME, PATIENCE) as connection:
            return await work(Archive(log, settings.archive, people=Keys.read(settings).people), connection)

    try:
        return asyncio.run(run())
    except (Spoilt, NotNext) as error:
        raise Hopeless(str(error)) from error
    except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError) as error:
        raise Hopeless(f"{table} is too busy just now ({error}): nothing was changed, come again.") from error


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


@dataclass(frozen=True, slots=True)
class _Shown:
    """Shows archived events, the personal data of those in it who were not erased since."""

    source: str
    people: PersonalKeys
    _salts: dict[UUID, bytes | None] = field(default_factory=dict)

    async def event(self, entry: str, connection: Any) -> str:
        row = json.loads(entry)
        moment = datetime.fromisoformat(row["occurred_at"])
        salt = await self._salt(row["data"], connection)
        whole = row | {"occurred_at": moment, "data": json.dumps(row["data"]), "salt": salt, "id": UUID(row["id"])}
        return encode(cloud_event(whole, self.source, self.people)).decode()

    async def _salt(self, data: Any, connection: Any) -> bytes | None:
        if not isinstance(data, dict) or SEALED not in data:
            return None
        person = UUID(data[SEALED][0])
        if person not in self._salts:
            self._salts[person] = await connection.fetchval(SALT, person)
        return self._salts[person]


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d")

"""What the archive says of people goes with them, whatever way it went there."""

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.archive_files import Manifest
from core.personal import SEALED
from core.postgres.archive import Archive, Note
from core.postgres.database import Database
from core.postgres.partitions import EVENTS, attached
from core.postgres.retention import Policy, Retention
from domain.events.schemas import CloudEvent
from domain.identity.models import User
from domain.kernel.ids import uuid7
from tests.integration.erasure.test_erasing import erase, mail, moved, queued
from tests.integration.erasure.test_sealed_events import KEYS, announced, rows, shown, unannounced
from tests.support.facts import number, state
from tests.support.looking import looked

DAY = timedelta(days=1)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(EVENTS, tmp_path, people=KEYS)


async def in_the_clear(connection: Any, user: User, name: str = "Ada", version: int = 1) -> dict[str, Any]:
    """Announce somebody as the release before did; return what it said."""
    data = {"user_id": str(user.id), "email": user.email, "email_verified": True, "username": None, "full_name": name}
    await state(connection, user.id, version, type="identity.user.updated", data=data)
    return data


async def aside(database: Database, connection: Any, archive: Archive) -> Manifest:
    """Archive every event there is."""
    retention = Retention(database, archive.folder, (Policy(EVENTS, 12 * DAY, archive.noted),), archive.people)
    await number(connection)
    await connection.execute("UPDATE events SET occurred_at = now() - $1::interval", 20 * DAY)
    await looked(retention, connection)
    await state(connection, uuid7(), 1)
    await number(connection)
    await looked(retention, connection)
    (manifest,) = await archive.known(connection)
    return manifest


def content(archive: Archive, manifest: Manifest) -> str:
    return gzip.decompress((archive.folder / manifest.file).read_bytes()).decode()


async def rewrite(connection: Any, archive: Archive, manifest: Manifest, row: dict[str, Any]) -> Manifest:
    """Have a file with one event as it was written before anything was sealed there."""
    file = archive.folder / manifest.file
    file.write_bytes(gzip.compress(f"{json.dumps(row)}\n".encode()))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    await connection.execute("UPDATE archived_partitions SET sha256 = $1", digest)
    (changed,) = await archive.known(connection)
    return changed


def said(events: Sequence[CloudEvent]) -> list[tuple[Any, bool]]:
    return [(event["data"], event.get("erased", False)) for event in events]


async def test_e13_nothing_is_archived_in_the_clear(database: Database, connection: Any, archive: Archive) -> None:
    user = await unannounced(database)
    data = await in_the_clear(connection, user, 'Ada "@sealed": \\ é \u2028')
    manifest = await aside(database, connection, archive)
    for told in (user.email, "Ada"):
        assert told not in content(archive, manifest)

    await archive.put_back(connection, manifest, DAY)

    assert said(await shown(database, user)) == [(data, False)]


async def nothing_to_note(_connection: Any) -> None:
    """Leave it at that."""


async def test_e13_whoever_is_erased_while_a_file_is_written_is_not_in_it(
    database: Database, connection: Any, tmp_path: Path
) -> None:
    user = await announced(database)
    data = await in_the_clear(connection, user, version=2)

    async def noted(_connection: Any, _manifest: Manifest, _lines: Iterator[str]) -> Note:
        """The file is written; its partition is there as yet."""
        await erase(database, user)
        return nothing_to_note

    archive = Archive(EVENTS, tmp_path, noted, KEYS)
    manifest = await aside(database, connection, archive)
    await archive.put_back(connection, manifest, DAY)

    assert user.email not in content(archive, manifest)
    _, event, _ = said(await shown(database, user))
    assert event == (data | {"email": None, "full_name": None}, True)


@pytest.mark.parametrize("is_erased", [False, True])
async def test_e13_what_was_archived_in_the_clear_is_not_put_back_so(
    database: Database, connection: Any, archive: Archive, *, is_erased: bool
) -> None:
    user = await announced(database)
    manifest = await aside(database, connection, archive)
    row = json.loads(content(archive, manifest))
    data = {"user_id": str(user.id), "email": user.email, "email_verified": True, "username": None, "full_name": "Ada"}
    manifest = await rewrite(connection, archive, manifest, row | {"data": data})
    if is_erased:
        await erase(database, user)

    await archive.put_back(connection, manifest, DAY)

    assert user.email not in str(await rows(database, "SELECT data::text FROM events"))
    expected = data | {"email": None, "full_name": None} if is_erased else data
    assert said(await shown(database, user))[0] == (expected, is_erased)


@pytest.mark.parametrize("in_clear", [False, True])
async def test_e13_addresses_that_only_the_archive_knows_are_remembered_for_the_erasure(
    database: Database, connection: Any, archive: Archive, *, in_clear: bool
) -> None:
    user, other = await announced(database), await announced(database)
    later = f"{uuid7().hex}@example.org"
    if in_clear:  # as the release before left it, which knew nothing of former addresses
        await connection.execute("UPDATE outbox SET data = data - $2 WHERE aggregate_id = $1", user.id, SEALED)
        await in_the_clear(connection, user, version=2)
        await connection.execute("UPDATE users SET email = $2 WHERE id = $1", user.id, later)
        await connection.execute("DELETE FROM former_addresses")
    else:
        await moved(database, user, later)
    await aside(database, connection, archive)
    assert (await attached(connection, EVENTS))[0].first > 1
    for address in (user.email, later, other.email):
        await mail(database, address)

    await erase(database, user)

    assert await queued(database) == 1
    assert not await rows(database, "SELECT FROM former_addresses")

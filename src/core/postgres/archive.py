"""Partitions of the logs that lie in files: taken out of the database, listed, and put back."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from core.archive_files import Manifest, Writing, describe, entries
from core.personal import PersonalKeys
from core.postgres.partitions import ALONE, IMPATIENT, Log, Partition, attach, attached, laggard, make_table
from core.postgres.unsealed import sealed

BATCH: Final = 5_000
"""Entries read, or written, at a time: no transaction is open for long."""
PATIENCE: Final = 600.0
"""Seconds that a statement may take where partitions are written to files or ended: some look at all entries of one."""
COLUMNS: Final = "log, first, last, entries, first_at, last_at, ending, file, bytes, sha256"
KNOWN: Final = f"SELECT {COLUMNS} FROM archived_partitions WHERE log = $1 ORDER BY first"  # noqa: S608 - constants
NOTE: Final = f"""
INSERT INTO archived_partitions ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (log, first) DO UPDATE SET entries = excluded.entries, first_at = excluded.first_at,
    last_at = excluded.last_at, ending = excluded.ending, file = excluded.file, bytes = excluded.bytes,
    sha256 = excluded.sha256, archived_at = now(), kept_until = NULL
"""  # noqa: S608 - constants
KEEP: Final = "UPDATE archived_partitions SET kept_until = now() + $3::interval WHERE log = $1 AND first = $2"


Note = Callable[[Any], Awaitable[object]]
"""Notes, in the transaction that drops a partition or adds one, that it does."""
Noted = Callable[[Any, Manifest, Iterator[str]], Awaitable[Note]]
"""Looks at the entries of a file, of which this is known, before the partition is dropped; returns what notes it."""


class NotNext(Exception):
    """Another partition has to be put back before this one, or it is there already. The text says which."""


class NotPassed(Exception):
    """Somebody to whom the log is delivered needs the partition, who did not when it was asked before."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive of one log, of which a database keeps the list and a folder the files."""

    log: Log
    folder: Path
    noted: Noted | None = None
    people: PersonalKeys = field(default_factory=PersonalKeys)
    """What seals the personal data of events, which must not be in a file, or come out of one, in the clear."""

    async def known(self, connection: Any) -> list[Manifest]:
        """Return what was archived, the oldest first, put back since or not."""
        return [Manifest(**row) for row in await connection.fetch(KNOWN, self.log.table)]

    async def take_out(self, connection: Any, partition: Partition) -> Manifest | None:
        """Write a partition into a file and drop it; return what is known of the file, or None if there was nothing.

        Raise `NotPassed`, with the file written and the partition where it was.
        """
        manifest, note = await self._write(connection, partition), None
        if manifest:
            await asyncio.to_thread(describe, self.folder, manifest)
        if manifest and self.noted:
            note = await self.noted(connection, manifest, entries(self.folder, manifest))
        async with connection.transaction():
            await connection.execute(IMPATIENT)
            await connection.execute(ALONE)
            if manifest:
                await connection.execute(NOTE, *asdict(manifest).values())
            if note:
                await note(connection)
            # Writing takes minutes. Meanwhile readers go back, and webhooks are enabled again.
            both = f"ONLY {self.log.table}, ONLY {partition.name}"
            await connection.execute(f"LOCK TABLE {both} IN ACCESS EXCLUSIVE MODE")
            if name := await laggard(connection, self.log, partition.last):
                raise NotPassed(f"{name} has not passed {partition.last} any more")
            await connection.execute(f"DROP TABLE {partition.name}")
        return manifest

    async def _write(self, connection: Any, partition: Partition) -> Manifest | None:
        log_id = await connection.fetchval("SELECT log_id FROM log_head")
        if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {partition.name})"):  # noqa: S608
            return None
        file = f"{log_id}/{self.log.table}-{partition.first}-{partition.last}.ndjson.gz"
        columns = "position, occurred_at, to_jsonb(e)::text AS entry"
        read = f"SELECT {columns} FROM {partition.name} e WHERE position > $1"  # noqa: S608
        passed, moments = 0, set[datetime]()
        await connection.execute("SET TimeZone = 'UTC'")
        with Writing(self.folder / file) as writing:
            while rows := await connection.fetch(f"{read} ORDER BY position LIMIT {BATCH}", passed):
                kept = await sealed(connection, [row["entry"] for row in rows], self.people)
                await asyncio.to_thread(writing.add, kept)
                passed = rows[-1]["position"]
                moments |= {row["occurred_at"] for row in rows}
                moments = {min(moments), max(moments)}
            count, size, sha256 = await asyncio.to_thread(writing.keep)
        ending = await connection.fetchval(
            f"SELECT {self.log.ending} FROM {partition.name} WHERE position = $1",  # noqa: S608 - a constant
            passed,
        )
        return Manifest(
            log=self.log.table,
            first=partition.first,
            last=partition.last,
            entries=count,
            first_at=min(moments),
            last_at=max(moments),
            ending=ending,
            file=file,
            bytes=size,
            sha256=sha256,
        )

    async def put_back(self, connection: Any, manifest: Manifest, keep: timedelta, note: Note | None = None) -> None:
        """Make a file a partition again, for so long at least; raise `Spoilt` or `NotNext`.

        Readers must never meet a gap, so the youngest goes first. `note` is called in the transaction that adds it.
        """
        await self._is_next(connection, manifest)
        name = f"{self.log.table}_p{manifest.first}"
        await connection.execute(f"DROP TABLE IF EXISTS {name}")  # of one who was killed while doing this
        await make_table(connection, self.log, manifest.first, manifest.last + 1)
        lines = entries(self.folder, manifest)
        fill = f"""
            INSERT INTO {name} SELECT e.* FROM unnest($1::text[]) AS line,
                jsonb_populate_record(NULL::{self.log.table}, line::jsonb) AS e
        """  # noqa: S608 - from the catalog
        while batch := await asyncio.to_thread(lambda: list(islice(lines, BATCH))):
            await connection.execute(fill, await sealed(connection, batch, self.people))
        async with connection.transaction():
            await connection.execute(IMPATIENT)
            await connection.execute(ALONE)
            await self._is_next(connection, manifest)
            await attach(connection, self.log, name, manifest.first, manifest.last + 1)
            await connection.execute(KEEP, self.log.table, manifest.first, keep)
            if note:
                await note(connection)

    async def _is_next(self, connection: Any, manifest: Manifest) -> None:
        oldest = (await attached(connection, self.log))[0].first
        if manifest.last + 1 == oldest:
            return
        if manifest.first >= oldest:
            raise NotNext(f"{manifest.name} is in the database already")
        between = [each.name for each in await self.known(connection) if each.last + 1 == oldest]
        raise NotNext(f"put back {between[0] if between else f'what ends before {oldest}'} first: readers meet no gap")

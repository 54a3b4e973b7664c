"""Checkpoints of the audit trail, and the keys that outlive their master secrets, in Postgres."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from core.audit.checking import Check, Fault
from core.audit.checkpoints import REACHED, Checkpoint, digest_of, read, signed
from core.audit.keys import OVERLAP, AuditKeys
from core.audit.leaves import START
from core.jobs.registry import Job, Nothing
from core.postgres.audit_guard import unguarded
from core.postgres.direct import Connects, session
from core.postgres.partitions import AUDIT, attached

_log = logging.getLogger(__name__)

BATCH: Final = 2_000
"""Entries, and checkpoints, read at a time."""
EVERY: Final = 100_000
"""Entries between two checkpoints, at most."""
MOST: Final = 1_000_000
"""Entries looked at in one run of the job; the rest waits for the next."""

# Several workers never sign two checkpoints of one number.
_ALONE: Final = "SELECT pg_advisory_xact_lock(hashtext('gatewright-audit-checkpoints'))"
_HEAD: Final = "SELECT log_id, audit_position, audit_chain FROM log_head"
_LATEST: Final = "SELECT number, position, statement FROM audit_checkpoints ORDER BY number DESC LIMIT 1"
_BEFORE: Final = """
SELECT number, position, statement FROM audit_checkpoints WHERE position <= $1
ORDER BY position DESC, number DESC LIMIT $2
"""
_ADD: Final = "INSERT INTO audit_checkpoints (number, position, statement) VALUES ($1, $2, $3)"
_ALL: Final = "SELECT number, position, statement FROM audit_checkpoints WHERE number > $1 ORDER BY number LIMIT $2"
_ENTRIES: Final = "SELECT * FROM audit WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3"
_KEPT: Final = "SELECT kid, sealed FROM audit_keys"
_KEEP: Final = """
INSERT INTO audit_keys (kid, sealed) VALUES ($1, $2) ON CONFLICT (kid) DO UPDATE SET sealed = excluded.sealed
"""


async def with_kept(connection: Any, keys: AuditKeys) -> AuditKeys:
    """Return `keys` and those whose master secrets are gone."""
    return keys.with_kept({row["kid"]: row["sealed"] for row in await connection.fetch(_KEPT)})


async def entries(connection: Any, after: int, last: int) -> AsyncIterator[list[Any]]:
    """Yield the entries past `after` up to `last`, in order, so many at a time."""
    while rows := await connection.fetch(_ENTRIES, after, last, BATCH):
        yield rows
        after = rows[-1]["position"]


async def statements(connection: Any) -> AsyncIterator[Any]:
    """Yield all checkpoints as they are stored: number, position and statement, by number."""
    after = 0
    while rows := await connection.fetch(_ALL, after, BATCH):
        for row in rows:
            yield row
        after = rows[-1]["number"]


async def believed(connection: Any, keys: AuditKeys, position: int) -> Checkpoint | None:
    """Return the last checkpoint at or before `position` that we signed."""
    for row in await connection.fetch(_BEFORE, position, 100):
        try:
            said = read(row["statement"], keys.known)
        except ValueError as error:
            _log.error("audit checkpoint %d is not to be believed: %s", row["number"], error)
            continue
        if said.position <= position:
            return said
    return None


async def add(connection: Any, keys: AuditKeys, said: Checkpoint) -> Checkpoint:
    """Sign and store a checkpoint as the next, whatever number it has; in a transaction, which holds others up."""
    await connection.execute(_ALONE)
    latest = await connection.fetchrow(_LATEST)
    made = replace(
        said,
        number=latest["number"] + 1 if latest else 1,
        previous=digest_of(latest["statement"]) if latest else None,
    )
    statement = signed(made, keys)
    await connection.execute(_ADD, made.number, made.position, statement)
    # What a log elsewhere remembers, whoever has this database cannot change: `audit verify --anchor` compares.
    _log.info("audit checkpoint %d: %d %s", made.number, made.position, made.chain)
    return made


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Does the job that recurs: looks at what is new in the audit trail, and signs how far it has come."""

    database: Connects
    keys: AuditKeys
    every: timedelta = timedelta(minutes=1)
    spacing: int = EVERY
    overlap: timedelta = OVERLAP

    @property
    def job(self) -> Job[Nothing]:
        """The job, which nobody needs to queue."""
        return Job("audit_checkpoints", Nothing, self.run, patience=110, every=self.every)

    async def run(self, _payload: Nothing, _job: UUID) -> None:
        """Do it once; without anything new nothing is signed."""
        async with session(self.database, "gatewright-audit") as connection:
            tell([fault async for fault in unguarded(connection)])
            await self.make(connection)

    async def make(self, connection: Any) -> list[Checkpoint]:
        """Sign each partition's end, each so many entries, and the head; return the checkpoints made."""
        head = await connection.fetchrow(_HEAD)
        keys = await self._keep(connection, head["audit_position"])
        before = await believed(connection, keys, head["audit_position"])
        after = before.position if before else 0
        last = min(head["audit_position"], after + MOST)
        if last <= after:
            return []
        wanted = iter(await self._wanted(connection, after, last))
        check = Check(keys.every, after, bytes.fromhex(before.chain) if before else START)
        found: list[Fault] = []
        made: list[Checkpoint] = []
        due = next(wanted)
        async for rows in entries(connection, after, last):
            for row in rows:
                found += list(check.entry(row))[: 1 - len(found)]
                if row["position"] == due:
                    made.append(await self._sign(connection, keys, head["log_id"], row, found))
                    found, due = [], next(wanted, 0)
        tell(found)
        return made

    async def _wanted(self, connection: Any, after: int, last: int) -> list[int]:
        """Return the positions to be signed, in order."""
        ends = {each.last for each in await attached(connection, AUDIT)}
        full = {*range(after - after % self.spacing, last + 1, self.spacing), *ends, last}
        return sorted(each for each in full if after < each <= last)

    async def _sign(self, connection: Any, keys: AuditKeys, log_id: UUID, row: Any, found: list[Fault]) -> Checkpoint:
        # Signed all the same: what was found is part of it, and what comes after has to be guarded, too.
        tell(found)
        said = Checkpoint(
            number=0,
            reason=REACHED,
            log_id=log_id,
            position=row["position"],
            chain=row["chain"].hex(),
            previous=None,
            faulty=found[0].position if found else None,
            made_at=datetime.now(UTC),
        )
        async with connection.transaction():
            return await add(connection, keys, said)

    async def _keep(self, connection: Any, position: int) -> AuditKeys:
        """Keep the keys of every master secret, sealed under the present one; return all that are known."""
        kept = {row["kid"]: row["sealed"] for row in await connection.fetch(_KEPT)}
        before = self.keys.with_kept(kept)
        latest = await connection.fetchrow(_LATEST)
        number = latest["number"] if latest else 0
        keys = before.retired(datetime.now(UTC), position, number, self.overlap)
        for kid, key in keys.known.items():
            if kid not in kept or key != before.known[kid] or not keys.is_current(kid, kept[kid]):
                await connection.execute(_KEEP, kid, keys.kept(kid))
            if key.last_entry != before.known[kid].last_entry:
                _log.info("audit key %d vouches for nothing past %d", kid, key.last_entry)
        return keys


def tell(found: list[Fault]) -> None:
    """Have whoever reads the log know what is wrong."""
    for fault in found:
        _log.error("the audit trail is %s at %d: %s", fault.wrong, fault.position, fault.detail)
